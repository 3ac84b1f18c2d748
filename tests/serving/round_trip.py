"""What a client of the server does that has never heard of `privai_tf`: run as a process of its own.

  python round_trip.py GRPC_ADDRESS REST_ADDRESS MODEL WIDTH

Prints JSON: latents, images and guarantee fields that both protocols answered with.
"""

import base64
import json
import sys
import urllib.error
import urllib.request

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
  get_model_metadata_pb2,
  predict_pb2,
  prediction_service_pb2_grpc,
)


def by_grpc(stub, model, signature, inputs):
  request = predict_pb2.PredictRequest()
  request.model_spec.name = model
  request.model_spec.signature_name = signature
  for name, values in inputs.items():
    request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
  response = stub.Predict(request, timeout=60)
  return {name: tf.make_ndarray(value).tolist() for name, value in response.outputs.items()}


def by_rest(address, model, body):
  url = f"http://{address}/v1/models/{model}/versions/1:predict"
  try:
    with urllib.request.urlopen(url, json.dumps(body).encode(), timeout=60) as response:
      return json.load(response)
  except urllib.error.HTTPError as error:
    return json.load(error)


def main():
  grpc_address, rest_address, model, width = sys.argv[1:]
  stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(grpc_address))
  metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
  metadata.model_spec.name = model
  signatures = get_model_metadata_pb2.SignatureDefMap()
  stub.GetModelMetadata(metadata).metadata["signature_def"].Unpack(signatures)
  latents = [[0.1 * row + 0.01 * column for column in range(int(width))] for row in range(3)]
  pictures = by_grpc(stub, model, "synthesize", {"latents": tf.constant(latents)})["image_bytes"]
  asked = {"attribute": ["smile", "age", "smile"], "epsilon": [1.0, 2.0, 0.5]}
  typed = {"attribute": asked["attribute"], "epsilon": tf.constant(asked["epsilon"])}
  encoded = [{"b64": base64.b64encode(picture).decode()} for picture in pictures]
  hidden = by_grpc(stub, model, "privatize", {"image_bytes": pictures, **typed})
  try:
    by_grpc(stub, model, "privatize", {"image_bytes": pictures, **typed, "epsilon": [0.0] * 3})
    refusal = None
  except grpc.RpcError as error:
    refusal = error.code().name

  def rest(signature, **body):
    return by_rest(rest_address, model, {"signature_name": signature, **body})

  answers = {
    "imported": sorted(name for name in sys.modules if name.startswith("privai_tf")),
    "signatures": sorted(signatures.signature_def),
    "grpc_encode": by_grpc(stub, model, "encode", {"image_bytes": pictures})["latents"],
    "grpc_images": [base64.b64encode(picture).decode() for picture in pictures],
    "grpc_private": hidden["private"],
    "grpc_epsilon": hidden["epsilon"],
    "grpc_refusal": refusal,
    "rest_images": rest("synthesize", inputs=latents)["outputs"],
    "rest_rows": rest("synthesize", instances=[{"latents": row} for row in latents])["predictions"],
    "rest_encode": rest("encode", inputs={"image_bytes": encoded})["outputs"],
    "rest_privatize": rest("privatize", inputs={"image_bytes": encoded, **asked})["outputs"],
    "rest_refusal": rest(
      "privatize", inputs={"image_bytes": encoded, **asked, "attribute": ["nose"] * 3}
    ),
  }
  print(json.dumps(answers))


if __name__ == "__main__":
  main()
