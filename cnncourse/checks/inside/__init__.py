"""The exercises of lesson 05: read a layer out of a model, and say which places speak for a class."""

from . import capture, grad_cam

EXERCISES = (capture.EXERCISE, grad_cam.EXERCISE)
