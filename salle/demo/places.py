"""The fictional territory: collèges, spaces, rooms, opening rules, tariffs, doors. Tables only.

Communes, names and numbers are made up; UAI codes use the département number 096, which no
département has. Positions are spread over 30 km so that searches by distance mean something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from salle.venues.rules import BookingMode, Period, RoomKind

TERRITORY_SLUG = "departement-de-demonstration"
TERRITORY_NAME = "Département de démonstration"

EVERY_DAY: tuple[int | None, ...] = (None,)
WEEK = (1, 2, 3, 4, 5)
MIDNIGHT = 24 * 60


@dataclass(frozen=True, kw_only=True)
class Opening:
    """One line of opening hours: a period, ISO weekdays (None: every day), minutes of the day."""

    period: Period
    weekdays: tuple[int | None, ...]
    opens: int
    closes: int


# The whole site outside lessons: evenings and weekends in term, all day in the holidays.
SITE_HOURS = (
    Opening(period=Period.TERM, weekdays=WEEK, opens=8 * 60, closes=22 * 60 + 30),
    Opening(period=Period.TERM, weekdays=(6,), opens=8 * 60, closes=22 * 60 + 30),
    Opening(period=Period.TERM, weekdays=(7,), opens=9 * 60, closes=19 * 60),
    Opening(period=Period.HOLIDAYS, weekdays=EVERY_DAY, opens=8 * 60, closes=22 * 60 + 30),
    Opening(period=Period.SUMMER, weekdays=(*WEEK, 6), opens=9 * 60, closes=21 * 60),
    Opening(period=Period.PUBLIC_HOLIDAY, weekdays=EVERY_DAY, opens=10 * 60, closes=18 * 60),
)
# Rooms near the classrooms: evenings and Saturdays in term, weekdays in the holidays.
EVENING_HOURS = (
    Opening(period=Period.TERM, weekdays=(1, 2, 4, 5), opens=17 * 60 + 30, closes=22 * 60),
    Opening(period=Period.TERM, weekdays=(3,), opens=13 * 60, closes=22 * 60),
    Opening(period=Period.TERM, weekdays=(6,), opens=9 * 60, closes=20 * 60),
    Opening(period=Period.HOLIDAYS, weekdays=(*WEEK, 6), opens=9 * 60, closes=20 * 60),
)
# Open day and night, every day of the year. Each period by its name: a rule of the site for
# the summer would be more precise than a rule of the room for all holidays.
EVERY_PERIOD = tuple(period for period in Period if period not in (Period.OPEN, Period.CLOSED))
ALWAYS = tuple(
    Opening(period=period, weekdays=EVERY_DAY, opens=0, closes=MIDNIGHT) for period in EVERY_PERIOD
)


@dataclass(frozen=True, kw_only=True)
class DemoSite:
    """A collège. `number` makes its UAI code and its payment account."""

    number: int
    name: str
    address: str
    postcode: str
    commune: str
    insee_code: str
    lat: float
    lon: float


@dataclass(frozen=True, kw_only=True)
class DemoRoom:
    """A bookable room; `spaces` are names of elementary spaces of its site. Prices per hour."""

    site: int
    slug: str
    name: str
    kind: RoomKind
    capacity: int
    spaces: tuple[str, ...]
    door: str
    cents: int
    full_cents: int
    description: str
    equipment: tuple[str, ...] = ()
    accessible: bool = True
    hearing_loop: bool = False
    hours: tuple[Opening, ...] | None = None
    lessons: bool = False
    rules: Mapping[str, object] = field(default_factory=dict)


SITES = (
    DemoSite(
        number=1, name="Collège des Tilleuls", address="12 allée des Tilleuls",
        postcode="96100", commune="Brécillien", insee_code="96001", lat=48.1102, lon=-1.6795,
    ),
    DemoSite(
        number=2, name="Collège de la Lande-Bleue", address="3 rue de la Lande-Bleue",
        postcode="96100", commune="Brécillien", insee_code="96001", lat=48.1268, lon=-1.6432,
    ),
    DemoSite(
        number=3, name="Collège des Quatre-Vents", address="40 avenue des Quatre-Vents",
        postcode="96170", commune="Port-Lande", insee_code="96012", lat=48.0521, lon=-1.7460,
    ),
    DemoSite(
        number=4, name="Collège du Pont-Habert", address="1 chemin du Pont-Habert",
        postcode="96240", commune="Saint-Elme-des-Bruyères", insee_code="96027",
        lat=48.1893, lon=-1.7201,
    ),
    DemoSite(
        number=5, name="Collège de la Grée", address="7 rue de la Grée",
        postcode="96160", commune="Ker-Avel", insee_code="96033", lat=48.1180, lon=-1.9503,
    ),
    DemoSite(
        number=6, name="Collège des Ajoncs-d’Or", address="22 boulevard des Ajoncs",
        postcode="96490", commune="Vaugenêt", insee_code="96041", lat=48.2503, lon=-1.5012,
    ),
    DemoSite(
        number=7, name="Collège du Moulin-Neuf", address="5 place du Moulin-Neuf",
        postcode="96320", commune="La Noë-Claire", insee_code="96058", lat=47.9802, lon=-1.5930,
    ),
    DemoSite(
        number=8, name="Collège de l’Étang-Vert", address="18 rue de l’Étang",
        postcode="96500", commune="Œuvron-sur-Seille", insee_code="96066",
        lat=48.1004, lon=-1.3571,
    ),
)  # fmt: skip

GYM_EQUIPMENT = ("tracés de badminton, basket et handball", "vestiaires", "douches", "tribune")
EVENING_CODE = {"notice_minutes": 60, "code_before_minutes": 15}

ROOMS = (
    DemoRoom(
        site=1, slug="gymnase-des-tilleuls", name="Gymnase des Tilleuls",
        kind=RoomKind.GYMNASIUM, capacity=200, spaces=("Moitié A", "Moitié B"),
        door="Gymnase, porte nord", cents=1800, full_cents=3600, lessons=True,
        equipment=GYM_EQUIPMENT,
        description="Gymnase de type C, 44 m × 22 m, divisible en deux par un rideau.",
    ),
    DemoRoom(
        site=1, slug="gymnase-des-tilleuls-a", name="Gymnase des Tilleuls, moitié A",
        kind=RoomKind.GYMNASIUM, capacity=100, spaces=("Moitié A",),
        door="Gymnase, porte nord", cents=1000, full_cents=2000,
        equipment=("trois terrains de badminton", "vestiaires", "douches"),
        description="La moitié côté tribune, rideau fermé.",
    ),
    DemoRoom(
        site=1, slug="gymnase-des-tilleuls-b", name="Gymnase des Tilleuls, moitié B",
        kind=RoomKind.GYMNASIUM, capacity=100, spaces=("Moitié B",),
        door="Gymnase, porte nord", cents=1000, full_cents=2000,
        equipment=("terrain de basket", "vestiaires", "douches"),
        description="La moitié côté cour, rideau fermé.",
    ),
    DemoRoom(
        site=1, slug="salle-essai", name="Salle d’essai", kind=RoomKind.MULTIPURPOSE,
        capacity=40, spaces=("Salle d’essai",), door="Salle d’essai", cents=500, full_cents=500,
        equipment=("tables", "chaises", "vidéoprojecteur"), hours=ALWAYS,
        description="Ouverte jour et nuit : on y essaie tout le parcours à n’importe quelle heure.",
        rules={
            "step_minutes": 15, "min_minutes": 15, "max_minutes": 720, "notice_minutes": 0,
            "code_shown_minutes": None, "code_before_minutes": 30,
        },
    ),
    DemoRoom(
        site=1, slug="foyer-des-tilleuls", name="Foyer des Tilleuls", kind=RoomKind.MEETING,
        capacity=50, spaces=("Foyer",), door="Foyer, rue des Tilleuls", cents=0, full_cents=800,
        equipment=("tables", "chaises", "kitchenette"), hours=EVENING_HOURS,
        description="Le foyer des élèves ; gratuit pour les associations, sur accord du collège.",
        rules={"booking_mode": BookingMode.APPROVAL, "notice_minutes": 2880},
    ),
    DemoRoom(
        site=2, slug="gymnase-de-la-lande-bleue", name="Gymnase de la Lande-Bleue",
        kind=RoomKind.GYMNASIUM, capacity=150, spaces=("Gymnase",), door="Gymnase",
        cents=1500, full_cents=3200, equipment=GYM_EQUIPMENT, lessons=True,
        description="Gymnase de type B, 40 m × 20 m, sol souple.", rules=EVENING_CODE,
    ),
    DemoRoom(
        site=2, slug="auditorium-de-la-lande-bleue", name="Auditorium de la Lande-Bleue",
        kind=RoomKind.AUDITORIUM, capacity=180, spaces=("Auditorium",), door="Hall",
        cents=2500, full_cents=6000, hours=EVENING_HOURS,
        equipment=("scène", "sonorisation", "vidéoprojecteur", "boucle magnétique"),
        description="Gradins de 180 places, scène de 8 m, loges.",
        rules={"booking_mode": BookingMode.APPROVAL, "notice_minutes": 4320},
    ),
    DemoRoom(
        site=3, slug="gymnase-des-quatre-vents", name="Gymnase des Quatre-Vents",
        kind=RoomKind.GYMNASIUM, capacity=120, spaces=("Gymnase",), door="Gymnase",
        cents=1200, full_cents=3000, equipment=GYM_EQUIPMENT, accessible=False, lessons=True,
        description="Gymnase de quartier ; deux marches à l’entrée.", rules=EVENING_CODE,
    ),
    DemoRoom(
        site=3, slug="dojo-des-quatre-vents", name="Dojo des Quatre-Vents",
        kind=RoomKind.DOJO, capacity=40, spaces=("Dojo",), door="Dojo",
        cents=900, full_cents=1800, equipment=("tatamis 12 m × 12 m", "vestiaires"),
        hours=EVENING_HOURS, description="144 m² de tatamis, vestiaires séparés.",
    ),
    DemoRoom(
        site=4, slug="salle-polyvalente-du-pont-habert", name="Salle polyvalente du Pont-Habert",
        kind=RoomKind.MULTIPURPOSE, capacity=100, spaces=("Salle polyvalente",), door="Cour",
        cents=800, full_cents=2000, equipment=("parquet", "miroirs", "sonorisation"),
        hours=EVENING_HOURS, description="Parquet de 150 m², miroirs sur un mur : danse, théâtre.",
    ),
    DemoRoom(
        site=4, slug="salle-de-reunion-du-pont-habert", name="Salle de réunion du Pont-Habert",
        kind=RoomKind.MEETING, capacity=20, spaces=("Salle de réunion",), door="Hall",
        cents=0, full_cents=600, equipment=("tables", "écran", "visioconférence"),
        hours=EVENING_HOURS, description="Vingt places autour d’une table.",
    ),
    DemoRoom(
        site=5, slug="gymnase-de-la-gree", name="Gymnase de la Grée",
        kind=RoomKind.GYMNASIUM, capacity=140, spaces=("Gymnase",), door="Gymnase",
        cents=1000, full_cents=2800, equipment=GYM_EQUIPMENT, lessons=True,
        description="Gymnase de type C, chauffé par la chaufferie bois.",
    ),
    DemoRoom(
        site=5, slug="mur-d-escalade-de-la-gree", name="Mur d’escalade de la Grée",
        kind=RoomKind.CLIMBING, capacity=30, spaces=("Mur d’escalade",), door="Mur d’escalade",
        cents=1400, full_cents=2800, equipment=("24 voies", "tapis de réception"),
        hours=EVENING_HOURS, accessible=False,
        description="24 voies de 9 m ; encadrement qualifié exigé.",
    ),
    DemoRoom(
        site=6, slug="plateau-sportif-des-ajoncs-d-or", name="Plateau sportif des Ajoncs-d’Or",
        kind=RoomKind.OUTDOOR, capacity=80, spaces=("Plateau",), door="Portail",
        cents=300, full_cents=900, equipment=("paniers de basket", "éclairage"), lessons=True,
        description="Plateau extérieur éclairé, 40 m × 20 m.",
    ),
    DemoRoom(
        site=6, slug="salle-informatique-des-ajoncs-d-or",
        name="Salle informatique des Ajoncs-d’Or", kind=RoomKind.COMPUTER, capacity=24,
        spaces=("Salle informatique",), door="Hall", cents=1100, full_cents=2200,
        equipment=("24 postes", "vidéoprojecteur"), hours=EVENING_HOURS,
        description="Vingt-quatre postes, sessions séparées du réseau des élèves.",
    ),
    DemoRoom(
        site=7, slug="gymnase-du-moulin-neuf", name="Gymnase du Moulin-Neuf",
        kind=RoomKind.GYMNASIUM, capacity=160, spaces=("Gymnase",), door="Gymnase",
        cents=1300, full_cents=3100, equipment=GYM_EQUIPMENT, lessons=True,
        description="Gymnase de type C, tribune de 80 places.",
    ),
    DemoRoom(
        site=7, slug="restaurant-du-moulin-neuf", name="Restaurant scolaire du Moulin-Neuf",
        kind=RoomKind.CANTEEN, capacity=120, spaces=("Restaurant",), door="Cour",
        cents=700, full_cents=2400, equipment=("tables", "chaises"), hours=EVENING_HOURS,
        description="La salle seule, sans la cuisine : assemblées, repas apportés.",
        rules={"booking_mode": BookingMode.APPROVAL, "notice_minutes": 2880},
    ),
    DemoRoom(
        site=8, slug="gymnase-de-l-etang-vert", name="Gymnase de l’Étang-Vert",
        kind=RoomKind.GYMNASIUM, capacity=130, spaces=("Gymnase",), door="Gymnase",
        cents=1100, full_cents=2900, equipment=GYM_EQUIPMENT, lessons=True,
        description="Gymnase de type B, parking de 40 places.",
    ),
    DemoRoom(
        site=8, slug="salle-de-classe-de-l-etang-vert", name="Salle de classe de l’Étang-Vert",
        kind=RoomKind.CLASSROOM, capacity=30, spaces=("Salle 12",), door="Hall",
        cents=400, full_cents=1000, equipment=("tableau", "vidéoprojecteur"),
        hours=EVENING_HOURS, description="Salle de plain-pied près du hall : cours, langues.",
    ),
)  # fmt: skip
