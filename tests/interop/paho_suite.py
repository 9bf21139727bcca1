"""Runs the MQTT 5 interoperability suite that comes with paho-mqtt (its source package from PyPI, tests/test_mqttv5.py) against the
gateway. The suite asks its own broker for a port; here it gets the gateway's, and an account.

usage: paho_suite.py FOLDER_OF_THE_SUITE PORT USER PASSWORD
"""

import sys
import types
import unittest

folder, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
sys.path.insert(0, folder)


class Socket:
    @staticmethod
    def getsockname():
        return ("localhost", port)


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


server = types.SimpleNamespace(socket=Socket, shutdown=lambda: None)
listeners = types.SimpleNamespace(TCPListeners=types.SimpleNamespace(server=server))
brokers = module("mqtt.brokers", run=lambda config: None, listeners=listeners, reinitialize=lambda: None)
module("mqtt", brokers=brokers)

import paho.mqtt.client as paho  # noqa: E402  the suite's own client, which is to have an account

original = paho.Client.__init__


def with_account(self, *arguments, **named):
    original(self, *arguments, **named)
    self.username_pw_set(user, password)


paho.Client.__init__ = with_account

import test_mqttv5  # noqa: E402


# The suite's own broker is told to refuse this filter, and does so with 0x80, "unspecified error". The gateway refuses what is
# beyond an account with 0x87, "not authorized", which says more; the account here may do everything.
ASKS_FOR_ITS_OWN_BROKER = {"test_subscribe_failure"}
suite = unittest.defaultTestLoader.loadTestsFromModule(test_mqttv5)
names = {test._testMethodName for group in suite for test in group}
if not ASKS_FOR_ITS_OWN_BROKER < names or len(names) < 21:
    sys.exit(f"another suite than expected: {sorted(names)}")
wanted = unittest.TestSuite()
for name in sorted(names - ASKS_FOR_ITS_OWN_BROKER):
    wanted.addTest(test_mqttv5.Test(name))
result = unittest.TextTestRunner(verbosity=2).run(wanted)
print(f"paho suite: {result.testsRun} run, {len(result.failures)} failed, {len(result.errors)} errors, "
      f"{len(result.skipped)} skipped")
sys.exit(0 if result.wasSuccessful() and not result.skipped else 1)
