#!/bin/sh
# Becomes the program that ./launch.env names, in the environment it gives: how a test sets keys of the configuration
# that the simulator's own set-up does not know, and puts strace in front. The process id stays the same.
# A file of the repository and not of the test, because a file that was just written may still be open for writing in
# a process that another test is starting, and could then not be executed.
# shellcheck source=/dev/null
. ./launch.env
exec "$@"
