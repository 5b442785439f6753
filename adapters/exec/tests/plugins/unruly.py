"""A plugin that does in its first life what its second argument names, and behaves in those that follow.

The first argument is a folder: `lives` there has a byte for each life, `calls` a line for each delivery.
"""

import json
import os
import socket
import sys
import time

folder, fault = sys.argv[1], sys.argv[2]
with open(f"{folder}/lives", "a+") as lives:
    lives.write(".")
    lives.flush()
    if lives.tell() > 1:
        fault = "none"


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def answer(name, **body):
    say(json.dumps({name: body}) + "\n")


READY = {"v": 1}
if fault == "speaks another version":
    READY = {"v": 2}
elif fault == "names a kind that is none":
    READY = {"v": 1, "capability": ["metrics"]}
elif fault == "takes params alone":
    READY = {"v": 1, "capability": ["params"]}
elif fault == "exits before it is ready":
    sys.exit("no configuration")

held = []
for line in sys.stdin:
    (call, body), = json.loads(line).items()
    if call == "hello":
        if fault == "is never ready":
            continue
        if fault == "answers before it is ready":
            answer("done", id=1)
        answer("ready", **READY)
        continue
    if call != "deliver":
        answer("done", id=body["id"])
        continue
    with open(f"{folder}/calls", "a") as calls:
        calls.write(json.dumps([body["memory"], body["batch"]]) + "\n")
    if fault == "crashes":
        print("first words\nboom", file=sys.stderr)
        sys.exit(3)
    elif fault == "crashes in the middle of an answer":
        say('{"done":{"id"')
        sys.exit(4)
    elif fault == "closes its output":
        os.close(1)
        time.sleep(3600)
    elif fault == "says what is no answer":
        say("progress: 50 %\n")
    elif fault == "remembers what is no text":
        answer("done", id=body["id"], memory={"size": 1})
    elif fault == "never ends its line":
        say("x" * (2 << 20))
    elif fault == "is silent":
        pass
    elif fault == "answers in reverse":
        held.append(body)
        if len(held) == 3:
            for body in reversed(held):
                answer("done", id=body["id"], memory=body["batch"]["run"])
    elif fault == "answers late":
        held.append(body)
        if len(held) == 2:
            answer("done", id=held[0]["id"], memory="late")
            answer("done", id=held[1]["id"], memory="in time")
    elif fault == "fails for good":
        answer("failed", id=body["id"], reason="the key is too long", retry=False)
    elif fault == "fails for a while":
        answer("failed", id=body["id"], reason="closed on Sundays", retry=True, after_secs=3600)
    elif fault == "leaves out files":
        answer("done", id=body["id"], withheld={"artifacts": 2})
    elif fault == "forgets":
        answer("done", id=body["id"], memory=None)
    elif fault == "tells where it is":
        answer("done", id=body["id"], memory=json.dumps([os.getcwd(), os.environ["PLUGIN_COLOUR"]]))
    elif fault == "outlives its input":
        link = socket.create_connection(("127.0.0.1", int(os.environ["PLUGIN_PORT"])))
        answer("done", id=body["id"])
        time.sleep(3600)
    else:
        answer("done", id=body["id"])
