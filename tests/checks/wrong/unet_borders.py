"""Wrong border weight maps, as learners write them."""

import numpy as np
from scipy import ndimage
from skimage.measure import label, regionprops

from tests.checks.wrong.bank import mistake

wrong = "border_weight_map"


def stack_of_distances(instances):
    """A learner's distances to each cell, right by themselves, nearest first."""
    numbers = [k for k in np.unique(instances) if k > 0]
    maps = [ndimage.distance_transform_edt(instances != k) for k in numbers]
    return np.sort(np.array(maps), axis=0) if maps else np.zeros((0, *instances.shape))


@mistake(wrong, "one distance only")
def to_the_nearest_foreground(instances, w0=10, sigma=5):
    d = ndimage.distance_transform_edt(instances == 0)
    w = w0 * np.exp(-(d**2) / (2 * sigma**2))
    w[instances > 0] = 0
    return w


@mistake(wrong, "one distance only")
def background_among_the_cells(instances, w0=10, sigma=5):
    maps = [ndimage.distance_transform_edt(instances != k) for k in np.unique(instances)]
    if len(maps) < 2:
        return np.zeros(instances.shape)
    maps = np.sort(maps, axis=0)
    return w0 * np.exp(-((maps[0] + maps[1]) ** 2) / (2 * sigma**2)) * (instances == 0)


@mistake(wrong, "one distance only")
def first_place_twice(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros(instances.shape)
    return np.where(instances == 0, w0 * np.exp(-((d[0] + d[0]) ** 2) / (2 * sigma**2)), 0)


@mistake(wrong, "weights inside cells")
def without_mask(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros(instances.shape)
    return w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "weights inside cells")
def mask_the_wrong_way(instances, w0=10, sigma=5):
    w = without_mask(instances, w0, sigma)
    w[instances == 0] = 0
    return w


@mistake(wrong, "sigma not squared")
def sigma_alone(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    w = np.zeros(instances.shape)
    if len(d) >= 2:
        outside = instances == 0
        w[outside] = w0 * np.exp(-((d[0] + d[1])[outside] ** 2) / (2 * sigma))
    return w


@mistake(wrong, "another factor than 2")
def gaussian_by_heart(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros_like(instances, float)
    return np.where(instances > 0, 0, w0 * np.exp(-(((d[0] + d[1]) / sigma) ** 2)))


@mistake(wrong, "not divided by all of 2 · sigma²")
def parentheses_forgotten(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros_like(instances, float)
    return np.where(instances > 0, 0, w0 * np.exp(-((d[0] + d[1]) ** 2) / 2 * sigma**2))


@mistake(wrong, "squares added")
def pythagoras(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros_like(instances, float)
    return np.where(instances > 0, 0, w0 * np.exp(-(np.hypot(d[0], d[1]) ** 2) / (2 * sigma**2)))


@mistake(wrong, "sum not squared")
def exponential_of_the_sum(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros_like(instances, float)
    return (instances == 0) * w0 * np.exp(-(d[0] + d[1]) / (2 * sigma**2))


@mistake(wrong, "distances not added")
def where_both_are_equal(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros_like(instances, float)
    return (instances == 0) * w0 * np.exp(-((d[1] - d[0]) ** 2) / (2 * sigma**2))


@mistake(wrong, "w0 is no factor")
def height_forgotten(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros_like(instances, float)
    return (instances == 0) * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "class weights added")
def one_and_the_borders(instances, w0=10, sigma=5):
    w = np.ones(instances.shape)
    d = stack_of_distances(instances)
    if len(d) >= 2:
        w += np.where(instances > 0, 0, w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2)))
    return w


@mistake(wrong, "another distance")
def steps_along_rows_and_columns(instances, w0=10, sigma=5):
    out = np.zeros(instances.shape)
    cells = [np.argwhere(instances == k) for k in set(instances.ravel()) - {0}]
    if len(cells) > 1:
        for p in np.argwhere(instances == 0):
            d = sorted(np.abs(cell - p).sum(1).min() for cell in cells)
            out[tuple(p)] = w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))
    return out


@mistake(wrong, "distance to the center of a cell")
def to_centroids(instances, w0=10, sigma=5):
    centers = [region.centroid for region in regionprops(instances)]
    out = np.zeros(instances.shape)
    if len(centers) > 1:
        for y, x in np.argwhere(instances == 0):
            d = sorted(np.hypot(y - a, x - b) for a, b in centers)
            out[y, x] = w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))
    return out


@mistake(wrong, "distance to the farthest pixel")
def to_the_far_side(instances, w0=10, sigma=5):
    out = np.zeros(instances.shape)
    cells = [np.argwhere(instances == k) for k in set(instances.ravel()) - {0}]
    if len(cells) > 1:
        for p in np.argwhere(instances == 0):
            d = sorted(np.linalg.norm(cell - p, axis=1).max() for cell in cells)
            out[tuple(p)] = w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))
    return out


@mistake(wrong, "second-nearest pixel")
def two_nearest_pixels(instances, w0=10, sigma=5):
    out = np.zeros(instances.shape)
    foreground = np.argwhere(instances > 0)
    if len(np.unique(instances[instances > 0])) > 1:
        for p in np.argwhere(instances == 0):
            d = np.sort(np.linalg.norm(foreground - p, axis=1))
            out[tuple(p)] = w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))
    return out


@mistake(wrong, "other cells than the nearest two")
def never_sorted(instances, w0=10, sigma=5):
    d = [ndimage.distance_transform_edt(instances != k) for k in np.unique(instances) if k]
    if len(d) < 2:
        return np.zeros(instances.shape)
    return (instances == 0) * w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "distances taken the wrong way round")
def transform_of_the_cell(instances, w0=10, sigma=5):
    d = np.sort([ndimage.distance_transform_edt(instances == k) for k in np.unique(instances) if k], axis=0)
    if len(d) < 2:
        return np.zeros(instances.shape)
    return (instances == 0) * w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "not 0 with fewer than two cells")
def never_counted(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    return (instances == 0) * w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "not 0 with fewer than two cells")
def ones_without_cells(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.ones(instances.shape)
    return (instances == 0) * w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "connected parts taken for cells")
def labeled_again(instances, w0=10, sigma=5):
    d = stack_of_distances(label(instances > 0))
    if len(d) < 2:
        return np.zeros(instances.shape)
    return (instances == 0) * w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "connected parts taken for cells")
def labeled_by_number(instances, w0=10, sigma=5):
    d = stack_of_distances(label(instances, background=0, connectivity=1))
    if len(d) < 2:
        return np.zeros(instances.shape)
    return (instances == 0) * w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "numbers taken for a count")
def one_to_the_number_of_cells(instances, w0=10, sigma=5):
    count = len(np.unique(instances)) - 1
    if count < 2:
        return np.zeros(instances.shape)
    d = [ndimage.distance_transform_edt(instances != k) for k in range(1, count + 1)]
    d = np.sort(d, axis=0)
    return (instances == 0) * w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "numbers taken for a count")
def every_number_up_to_the_largest(instances, w0=10, sigma=5):
    if len(np.unique(instances)) < 3:
        return np.zeros(instances.shape)
    d = [ndimage.distance_transform_edt(instances != k) for k in range(1, instances.max() + 1)]
    d = np.sort(d, axis=0)
    return (instances == 0) * w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))


@mistake(wrong, "grows with the distance")
def minus_forgotten(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros(instances.shape)
    return (instances == 0) * w0 * np.exp((d[0] + d[1]) ** 2 / (2 * sigma**2))


@mistake(wrong, "normalized")
def density(instances, w0=10, sigma=5):
    d = stack_of_distances(instances)
    if len(d) < 2:
        return np.zeros(instances.shape)
    bell = np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
    return (instances == 0) * w0 * bell


@mistake(wrong, "fractions cut off")
def like_the_instances(instances, w0=10, sigma=5):
    out = np.zeros_like(instances)
    d = stack_of_distances(instances)
    if len(d) >= 2:
        out[instances == 0] = (w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2)))[instances == 0]
    return out


@mistake(wrong, "cells overwritten")
def weights_in_place_of_cells(instances, w0=10, sigma=5):
    instances.fill(0)
    return instances


@mistake(wrong, "other cells than the nearest two")
def weights_sorted_along_rows(instances, w0=10, sigma=5):
    cells = [ndimage.distance_transform_edt(instances != k) for k in np.unique(instances) if k]
    if len(cells) < 2:
        return np.zeros(instances.shape)
    d = np.sort(np.array(cells))
    return np.where(instances, 0, w0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2)))


@mistake(wrong, "one distance only")
def weights_of_one_distance_in_city_blocks(instances, w0=10, sigma=5):
    cells = [ndimage.distance_transform_cdt(instances != k, "taxicab") for k in np.unique(instances) if k]
    if len(cells) < 2:
        return np.zeros(instances.shape)
    return (instances == 0) * w0 * np.exp(-(np.min(cells, axis=0) ** 2) / (2.0 * sigma**2))
