"""Train the network of `simple_cnn` once in Keras, and print seconds and test accuracy as JSON."""

import json
import os
import sys
import time

os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}

import keras
import numpy as np
import tensorflow as tf


def simple_cnn() -> keras.Model:
    """Return the same layers, ready to train; torch's epsilon for Adam."""
    layers = [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.MaxPool2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(10),
    ]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3, epsilon=1e-8), loss)
    return model


def main(file: str, batch: int, epochs: int, seed: int, threads: int) -> dict:
    """Train on the arrays in a file; 0 threads leaves the number to TensorFlow."""
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    arrays = np.load(file)
    train, test = (
        arrays[f"{split}_images"][..., None].astype("float32") / 255 for split in ("train", "test")
    )
    keras.utils.set_random_seed(seed)
    model = simple_cnn()
    # Tracing and compiling the step are no part of training; the weights are put back afterwards.
    weights = model.get_weights()
    model.fit(train[: 2 * batch], arrays["train_labels"][: 2 * batch], batch_size=batch, verbose=0)
    model.set_weights(weights)
    for variable in model.optimizer.variables:
        if variable.name != "learning_rate":
            variable.assign(keras.ops.zeros_like(variable))
    wall, processor = time.perf_counter(), time.process_time()
    model.fit(train, arrays["train_labels"], batch_size=batch, epochs=epochs, verbose=0)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    predicted = model.predict(test, batch_size=250, verbose=0).argmax(1)
    return {
        "seconds": wall,
        "processor_seconds": processor,
        "accuracy": float((predicted == arrays["test_labels"]).mean()),
        "with": f"Keras {keras.__version__}, TensorFlow {tf.__version__}",
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *map(int, sys.argv[2:]))))
