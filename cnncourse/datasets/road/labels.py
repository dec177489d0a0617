"""CamVid's eleven classes, and a color for each."""

CLASSES = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian",
    "Bicyclist",
)  # fmt: skip
SKY, BUILDING, POLE, ROAD, PAVEMENT, TREE, SIGN, FENCE, CAR, PEDESTRIAN, BICYCLIST = range(11)
VOID = 255  # what belongs to no class: bins, benches, post boxes, dogs, balloons

# The eleven colors of cnncourse.viz.style.PALETTE, dealt so that a mask still looks like a street.
PALETTE = (
    "#56B4E9",  # Sky: sky blue
    "#D55E00",  # Building: vermilion
    "#000000",  # Pole: black
    "#694B5A",  # Road: mauve
    "#CC79A7",  # Pavement: reddish purple
    "#009E73",  # Tree: bluish green
    "#F0E442",  # SignSymbol: yellow
    "#E69F00",  # Fence: orange
    "#0072B2",  # Car: blue
    "#960000",  # Pedestrian: dark red
    "#0000A5",  # Bicyclist: ink blue
)
