"""Reads one run directory with TensorBoard's own EventAccumulator and prints what it found as JSON.

Run by the Python of `requirements-tensorboard.txt`: `python tensorboard_reader.py DIRECTORY`. Nothing is sampled.
"""

import base64
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2


def hparams(accumulator):
    found = {}
    for tag, content in accumulator.PluginTagToContent("hparams").items():
        data = plugin_data_pb2.HParamsPluginData.FromString(content)
        if data.HasField("session_start_info"):
            values = data.session_start_info.hparams.items()
            found["params"] = {name: getattr(value, value.WhichOneof("kind")) for name, value in values}
            found["started"] = data.session_start_info.start_time_secs
        elif data.HasField("session_end_info"):
            found["ended"] = data.session_end_info.end_time_secs
            found["status"] = data.session_end_info.status
        else:
            found[tag] = "unexpected"
    return found


def main(directory):
    accumulator = EventAccumulator(directory, size_guidance={"scalars": 0, "tensors": 0, "images": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    # Every run has some; a plugin that is in no file is a KeyError.
    texts = accumulator.PluginTagToContent("text")
    report = {
        "scalars": {tag: [[e.wall_time, e.step, e.value] for e in accumulator.Scalars(tag)] for tag in tags["scalars"]},
        "texts": {tag: [e.tensor_proto.string_val[0].decode() for e in accumulator.Tensors(tag)] for tag in texts},
        "images": {
            tag: [base64.b64encode(e.encoded_image_string).decode() for e in accumulator.Images(tag)]
            for tag in tags["images"]
        },
        "hparams": hparams(accumulator) if "_hparams_/session_start_info" in tags["tensors"] else {},
    }
    # NaN and infinities are written as Python reads them.
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
