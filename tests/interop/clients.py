"""Python's MQTT clients as a device and as an application at once: what the device reports at each QoS, the application sees.

usage: clients.py paho-3|paho-5|aiomqtt|gmqtt PORT DEVICE_PASSWORD APPLICATION_PASSWORD
"""

import asyncio
import queue
import sys

client, port, device_password, application_password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
HOST = "127.0.0.1"
TOPIC = "patrol/v1/up/car-07/telemetry"
SECONDS = 20


def report(seq):
    return '{"boot": 1, "seq": %d}' % seq


WANTED = sorted(report(seq) for seq in (0, 1, 2))


def check(seen):
    if sorted(seen) != WANTED:
        sys.exit(f"{client}: the application saw {seen}")
    print(f"{client}: ok")


def paho(protocol):
    import paho.mqtt.client as mqtt

    seen = queue.Queue()
    subscribed = queue.Queue()

    def connect(client_id, user, password):
        made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id, protocol=protocol)
        made.username_pw_set(user, password)
        made.on_message = lambda _client, _data, message: seen.put(message.payload.decode())
        made.on_subscribe = lambda *_: subscribed.put(True)
        made.connect(HOST, port)
        made.loop_start()
        return made

    application = connect("desk", "bench", application_password)
    application.subscribe("patrol/v1/up/#", 2)
    subscribed.get(timeout=SECONDS)
    device = connect("car-07", "car-07", device_password)
    for qos in (0, 1, 2):
        device.publish(TOPIC, report(qos), qos).wait_for_publish(SECONDS)
    check([seen.get(timeout=SECONDS) for _ in WANTED])
    device.disconnect()
    application.disconnect()


async def with_aiomqtt():
    import aiomqtt

    def login(name, user, password):
        return aiomqtt.Client(HOST, port, identifier=name, username=user, password=password)

    async with login("desk", "bench", application_password) as application:
        await application.subscribe("patrol/v1/up/#", 2)
        async with login("car-07", "car-07", device_password) as device:
            for qos in (0, 1, 2):
                await device.publish(TOPIC, report(qos), qos)
            seen = []
            async for message in application.messages:
                seen.append(message.payload.decode())
                if len(seen) == len(WANTED):
                    break
            check(seen)


async def with_gmqtt():
    import gmqtt

    seen = asyncio.Queue()
    subscribed = asyncio.Event()

    async def connect(name, user, password):
        made = gmqtt.Client(name)
        made.set_auth_credentials(user, password)
        made.on_subscribe = lambda *_: subscribed.set()

        async def on_message(_client, _topic, payload, _qos, _properties):
            await seen.put(payload.decode())
            return 0

        made.on_message = on_message
        await made.connect(HOST, port)
        return made

    application = await connect("desk", "bench", application_password)
    application.subscribe("patrol/v1/up/#", qos=2)
    await subscribed.wait()
    device = await connect("car-07", "car-07", device_password)
    for qos in (0, 1, 2):
        device.publish(TOPIC, report(qos), qos=qos)
    check([await seen.get() for _ in WANTED])
    await device.disconnect()
    await application.disconnect()


if client == "paho-3":
    paho(4)
elif client == "paho-5":
    paho(5)
else:
    asyncio.run(asyncio.wait_for({"aiomqtt": with_aiomqtt, "gmqtt": with_gmqtt}[client](), SECONDS))
