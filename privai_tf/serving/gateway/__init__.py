"""The gateway: an HTTP service that holds the ledger and draws the noise in front of a model.

    request -> token -> body within limits -> face -> backend.encode -> ledger -> exact noise
            -> backend.synthesize -> image and guarantee

`app.create_app` puts it together; `privai_tf.gateway` is its command.
"""
