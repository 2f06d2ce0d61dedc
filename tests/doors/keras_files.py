"""Makes the files of `tests/doors/keras` with Keras' own ONNX producer.

    python -m venv KERAS
    KERAS/bin/pip install tensorflow-cpu==2.15.1 tf2onnx==1.16.1 onnx==1.16.2 'numpy<2' 'protobuf<5'
    KERAS/bin/python tests/doors/keras_files.py tests/doors/keras

Random weights; beside each `.onnx` lie, as `.npz`, samples and what Keras itself says to them.
"""

# mypy: ignore-errors

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf2onnx
from tensorflow.keras import Sequential, layers, models


def cnn():
    return Sequential([
        layers.Input((12, 12, 3)), layers.Conv2D(6, 3, padding="same"), layers.BatchNormalization(),
        layers.ReLU(), layers.MaxPool2D(2), layers.Conv2D(8, 3, strides=2, padding="same"),
        layers.ReLU(), layers.Flatten(), layers.Dense(10, activation="relu"),
        layers.Dense(4, activation="softmax"),
    ])  # fmt: skip


def pooled():
    return Sequential([
        layers.Input((12, 12, 3)), layers.ZeroPadding2D(1),
        layers.DepthwiseConv2D(3, use_bias=False), layers.BatchNormalization(), layers.ReLU(6.0),
        layers.SeparableConv2D(8, 3, padding="same"), layers.LeakyReLU(0.1),
        layers.GlobalAveragePooling2D(), layers.Dense(4, activation="softmax"),
    ])  # fmt: skip


def mlp():
    return Sequential([
        layers.Input((7, 7, 1)), layers.Flatten(), layers.Dense(16, activation="relu"),
        layers.Dropout(0.3), layers.Dense(4),
    ])  # fmt: skip


def residual():
    x = layers.Input((8, 8, 2))
    one = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
    two = layers.Conv2D(6, 3, padding="same")(one)
    two = layers.PReLU(shared_axes=[1, 2])(two)
    both = layers.Concatenate()([layers.Add()([one, two]), one])
    y = layers.AveragePooling2D(2)(both)
    y = layers.Flatten()(layers.Conv2D(5, 1, activation="relu")(y))
    return models.Model(x, layers.Dense(3)(y))


def row():
    return Sequential([
        layers.Input((20, 2)), layers.Conv1D(6, 5, padding="same", activation="relu"),
        layers.MaxPool1D(2), layers.Conv1D(6, 3, activation="relu"),
        layers.GlobalMaxPooling1D(), layers.Dense(3, activation="softmax"),
    ])  # fmt: skip


def unet():
    x = layers.Input((8, 8, 1))
    one = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    two = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.MaxPool2D(2)(one))
    deep = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPool2D(2)(two))
    up = layers.UpSampling2D(2)(deep)
    up = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.Concatenate()([up, two]))
    up = layers.Conv2DTranspose(4, 2, strides=2, activation="relu")(up)
    up = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.Concatenate()([up, one]))
    return models.Model(x, layers.Conv2D(3, 1, activation="softmax")(up))


def autoencoder():
    return Sequential([
        layers.Input((8, 8, 1)), layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
    ])  # fmt: skip


MADE = (cnn, pooled, mlp, residual, row, unet, autoencoder)


def main(folder):
    for make in MADE:
        tf.keras.utils.set_random_seed(0)
        model = make()
        random = np.random.default_rng(0)
        for weights in model.weights:
            moved = random.normal(size=weights.shape) * (0.3 if "kernel" in weights.name else 0.1)
            base = 1.0 if "variance" in weights.name or "gamma" in weights.name else 0.0
            weights.assign(base + (abs(moved) if base else moved))
        name = make.__name__
        x = random.normal(size=(5, *model.input_shape[1:])).astype(np.float32)
        y = model(x, training=False).numpy()
        signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="x")]
        path = str(folder / f"{name}.onnx")
        tf2onnx.convert.from_keras(model, signature, opset=15, output_path=path)
        np.savez(folder / f"{name}.npz", x=x, y=y)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
