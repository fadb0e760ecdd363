"""The town plan, drawn by hand: centre lines in metres on the plane, before it is jittered, smoothed and turned.

The quarter lies between two roads, a ring road and the river; its avenues cross askew and one of them swings off
diagonally, as in a town that grew along a river. Lines that end at another street overshoot it by a few metres.
"""

from __future__ import annotations

from dataclasses import dataclass

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class PlannedStreet:
    """One street of the plan."""

    name: str
    name_en: str
    #: Carriageway and pavements, in metres.
    width_m: float
    points: Points
    #: Whether grids meet along it, so that it is noded into the partition.
    border: bool = False


#: The whole plan is turned by this much, counter-clockwise: no town is laid out due north.
TURN_DEG = 5.0

RIVER_NAME = ("雅砻河", "Yalong River")
RIVER_WIDTH_M = 46.0
#: Midstream, which is the eastern limit of the community.
RIVER: Points = (
    (500, 800), (540, 430), (586, 270), (556, 70), (592, -130), (556, -310), (588, -480), (612, -800),
)  # fmt: skip

STREETS: tuple[PlannedStreet, ...] = (
    # The edge of the community.
    PlannedStreet("湖北大道", "Hubei Avenue", 36, (
        (-920, 340), (-565, 388), (-300, 428), (0, 446), (300, 428), (560, 388), (900, 326)), True),
    PlannedStreet("贡布路", "Gongbu Road", 24, (
        (-920, -348), (-612, -398), (-330, -446), (-60, -432), (200, -458), (460, -440), (900, -372)), True),
    PlannedStreet("赞堂路", "Zantang Road", 22, (
        (-530, 780), (-560, 420), (-598, 170), (-578, -120), (-616, -410), (-628, -780)), True),
    # Avenues and streets along which grids meet.
    PlannedStreet("格桑路", "Gesang Road", 22, (
        (-356, 760), (-318, 425), (-308, 250), (-258, 90), (-252, -60), (-282, -250), (-246, -440), (-234, -760)),
        True),
    PlannedStreet("乃东路", "Naidong Road", 34, (
        (6, 760), (30, 440), (40, 180), (78, -10), (94, -200), (78, -445), (68, -760)), True),
    PlannedStreet("湖南路", "Hunan Road", 32, (
        (-920, -184), (-590, -148), (-420, -106), (-256, -72), (-100, -78), (76, -34), (260, -62), (420, -54),
        (572, -26), (920, 22)), True),
    PlannedStreet("安居路", "Anju Road", 18, (
        (-920, 104), (-590, 84), (-430, 58), (-248, 74)), True),
    PlannedStreet("白日街", "Bairi Street", 24, (
        (50, 66), (170, 84), (318, 172), (424, 300), (470, 410), (524, 760)), True),
    PlannedStreet("萨热路", "Sare Road", 20, (
        (296, -48), (302, -200), (340, -330), (322, -452), (314, -760)), True),
    # Streets inside grids.
    PlannedStreet("滨河路", "Riverside Road", 16, (
        (464, 424), (506, 270), (472, 70), (508, -130), (472, -310), (504, -460)), ),
    PlannedStreet("雪新路", "Xuexin Road", 16, (
        (-112, -86), (-122, 100), (-152, 290), (-140, 450)), ),
    PlannedStreet("安康路", "Ankang Road", 16, (
        (-300, 196), (-150, 176), (48, 222)), ),
    PlannedStreet("康桑路", "Kangsang Road", 18, (
        (-920, -266), (-610, -272), (-440, -242), (-276, -236), (-90, -268), (100, -232)), ),
    PlannedStreet("幸福路", "Xingfu Road", 14, (
        (-70, -66), (-98, -200), (-62, -330), (-88, -448)), ),
    PlannedStreet("团结路", "Tuanjie Road", 14, (
        (-436, 52), (-452, 240), (-428, 424)), ),
    PlannedStreet("民主路", "Minzhu Road", 14, (
        (-416, -96), (-408, -250), (-446, -440)), ),
    PlannedStreet("朝阳路", "Chaoyang Road", 14, (
        (-606, 258), (-446, 226), (-296, 258)), ),
    PlannedStreet("金鲁路", "Jinlu Road", 14, (
        (206, 96), (214, 280), (238, 444)), ),
    PlannedStreet("香曲路", "Xiangqu Road", 14, (
        (28, 316), (214, 284), (420, 280)), ),
    PlannedStreet("吉祥路", "Jixiang Road", 14, (
        (268, -70), (296, 60), (330, 196)), ),
    PlannedStreet("色康路", "Sekang Road", 14, (
        (288, 66), (390, 86), (484, 60)), ),
    PlannedStreet("利民路", "Limin Road", 14, (
        (84, -220), (200, -248), (312, -226), (410, -248), (500, -236)), ),
    PlannedStreet("和平路", "Heping Road", 14, (
        (398, -48), (412, -240), (394, -452)), ),
)  # fmt: skip

#: Which faces of the border streets make up each grid: a point in every face, unturned metres, in the order of codes.
#: 湖南路 does not divide the south-west grid, so that grid has two.
GRID_SEATS: tuple[Points, ...] = (
    ((-430, 240),),
    ((-120, 180),),
    ((180, 300),),
    ((400, 80),),
    ((-430, -20), (-430, -280)),
    ((-90, -250),),
    ((190, -250),),
    ((410, -250),),
)

#: Grids of the old village, whose houses stand close and whose alleys are many; positions in GRID_SEATS.
OLD_TOWN_GRIDS = (4, 5)
