"""Kernels that find something else than vertical edges."""

import numpy as np

from tests.checks.wrong.bank import mistake


@mistake("vertical_edge_kernel", "sign reversed")
def prewitt_reversed():
    return np.array([[1, 0, -1]] * 3)


@mistake("vertical_edge_kernel", "sign reversed")
def left_minus_middle():
    return np.array([[0, 0, 0], [0.5, -0.5, 0], [0, 0, 0]])


@mistake("vertical_edge_kernel", "horizontal instead of vertical edges")
def sobel_for_rows():
    return np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]) / 8


@mistake("vertical_edge_kernel", "horizontal instead of vertical edges")
def bright_above():
    return np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], np.float32)


@mistake("vertical_edge_kernel", "blur")
def box():
    return np.full((3, 3), 1 / 9)


@mistake("vertical_edge_kernel", "blur")
def gauss():
    return np.outer([1, 2, 1], [1, 2, 1])


@mistake("vertical_edge_kernel", "identity")
def twice_the_image():
    return np.diag([0, 2.0, 0])


@mistake("vertical_edge_kernel", "edges of every direction")
def laplace_with_corners():
    return -np.ones((3, 3)) + 9 * np.diag([0, 1, 0])


@mistake("vertical_edge_kernel", "edges of every direction")
def sharpen_with_corners():
    return -np.ones((3, 3)) + 10 * np.diag([0, 1, 0])


@mistake("vertical_edge_kernel", "edges of every direction")
def laplace_negative():
    return np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


@mistake("vertical_edge_kernel", "a line instead of an edge")
def dark_line():
    return np.array([[1, -2, 1]] * 3)


@mistake("vertical_edge_kernel", "diagonal edges")
def sobel_turned():
    return np.array([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]])


@mistake("vertical_edge_kernel", "weights do not add up to 0")
def uneven():
    return np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 2]])


@mistake("vertical_edge_kernel", "weights do not add up to 0")
def one_negative_column():
    return np.array([[-1, 1, 1]] * 3)


@mistake("vertical_edge_kernel", "no response to edges")
def nothing():
    return np.zeros((3, 3))
