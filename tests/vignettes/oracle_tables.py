"""The clinical tables of the oracle, written by hand from the sources and from nothing else.

Nothing here is read from the content, and nothing of the engine is used: the tables are a second
opinion. Each row says in one line why, and from where. Sources:

ACR      ACR Appropriateness Criteria, Low Back Pain: 2021 Update, variant tables and the
         ACR/RSNA patient summary (radiologyinfo.org), as listed in the rows of RATINGS
MR       definitions MR Safe, MR Conditional, MR Unsafe (magresource.com): unknown status is handled
         as unsafe until shown otherwise
AAAAI    ACR and AAAAI consensus on contrast reactions, Radiology 2025;315:e240100
NKF      ACR and National Kidney Foundation, 2020 and 2021 (PMC7525144, PMC7873723)
SOGC     Magnetic resonance imaging in the obstetric patient, 2014
ACOG     Committee Opinion 723, guidelines for diagnostic imaging during pregnancy
BMJ      BMJ Best Practice, cauda equina syndrome (topic 3000164), and CSP guidance on sciatica
UM       University of Michigan, vertebral osteomyelitis and epidural abscess in adults, 2018
NICE     NG234 and QS56, spinal metastases and metastatic spinal cord compression, 2023
own      a decision of this project, docs/decisions
"""

from typing import NamedTuple


class Study(NamedTuple):
    """An imaging study: what rules select it by."""

    modality: str
    region: str
    contrast: str


STUDIES = {
    "mri-lumbar-spine-without-contrast": Study("MR", "lumbar", "none"),
    "mri-lumbar-spine-contrast-unspecified": Study("MR", "lumbar", "open"),
    "mri-lumbar-spine-with-contrast": Study("MR", "lumbar", "vein"),
    "mri-lumbar-spine-without-and-with-contrast": Study("MR", "lumbar", "vein"),
    "ct-lumbar-spine-without-contrast": Study("CT", "lumbar", "none"),
    "ct-lumbar-spine-contrast-unspecified": Study("CT", "lumbar", "open"),
    "ct-lumbar-spine-with-contrast": Study("CT", "lumbar", "vein"),
    "ct-lumbar-spine-without-and-with-contrast": Study("CT", "lumbar", "vein"),
    "ct-myelography-lumbar-spine": Study("CT", "lumbar", "injected"),
    "discography-lumbar-spine": Study("RF", "lumbar", "injected"),
    "radiography-lumbar-spine": Study("DX", "lumbar", "none"),
    "bone-scan-whole-body": Study("NM", "body", "none"),
    "fdg-pet-ct-whole-body": Study("PT", "body", "none"),
    "mri-whole-spine-without-contrast": Study("MR", "spine", "none"),
    "mri-whole-spine-without-and-with-contrast": Study("MR", "spine", "vein"),
    "ct-whole-spine-without-contrast": Study("CT", "spine", "none"),
    "ct-whole-spine-with-contrast": Study("CT", "spine", "vein"),
    "mri-head-without-contrast": Study("MR", "head", "none"),
    "mri-head-without-and-with-contrast": Study("MR", "head", "vein"),
    "ct-chest-with-contrast": Study("CT", "chest", "vein"),
}

MRI, MRI_BOTH, MRI_WITH, MRI_OPEN = (
    "mri-lumbar-spine-without-contrast",
    "mri-lumbar-spine-without-and-with-contrast",
    "mri-lumbar-spine-with-contrast",
    "mri-lumbar-spine-contrast-unspecified",
)
CT, CT_WITH, CT_BOTH, CT_OPEN, MYELO, DISCO = (
    "ct-lumbar-spine-without-contrast",
    "ct-lumbar-spine-with-contrast",
    "ct-lumbar-spine-without-and-with-contrast",
    "ct-lumbar-spine-contrast-unspecified",
    "ct-myelography-lumbar-spine",
    "discography-lumbar-spine",
)
FILM, BONE_SCAN, PET = "radiography-lumbar-spine", "bone-scan-whole-body", "fdg-pet-ct-whole-body"
SPINE, SPINE_BOTH = "mri-whole-spine-without-contrast", "mri-whole-spine-without-and-with-contrast"
CT_SPINE, CT_SPINE_WITH = "ct-whole-spine-without-contrast", "ct-whole-spine-with-contrast"

ORDERED = {
    "mri-none": (MRI,),
    "mri-open": (MRI_OPEN,),
    "mri-with": (MRI_WITH,),
    "mri-both": (MRI_BOTH,),
    "mri-text": (MRI_BOTH,),
    "ct-none": (CT,),
    "ct-open": (CT_OPEN,),
    "ct-with": (CT_WITH,),
    "ct-both": (CT_BOTH,),
    "ct-myelography": (MYELO,),
    "discography": (DISCO,),
    "radiographs": (FILM,),
    "bone-scan": (BONE_SCAN,),
    "pet-ct": (PET,),
    "mri-whole-spine": (SPINE_BOTH,),
    "mri-brain-none": ("mri-head-without-contrast",),
    "mri-brain-both": ("mri-head-without-and-with-contrast",),
    "ct-chest-with": ("ct-chest-with-contrast",),
    "contradiction": (MRI, CT_WITH),
    "local-code": (),
}
"""What the orders ask for; two studies where code and words contradict each other."""

MAY_MEAN = {MRI_OPEN: (MRI, MRI_WITH, MRI_BOTH), CT_OPEN: (CT, CT_WITH, CT_BOTH)}
"""The studies that an order without a word on contrast may mean."""

RATED = (MRI_BOTH, MRI, CT_WITH, CT, MYELO, FILM, MRI_WITH, CT_BOTH, DISCO, BONE_SCAN, PET)
"""The eleven rows of every ACR table."""

USUALLY, MAYBE, DISPUTED, NOT = 0, 1, 2, 3


class Table(NamedTuple):
    """One ACR table: what is usually and what may be appropriate, the best to be offered first.

    The rest is usually not appropriate; `seen` are rows of the rest that a source shows, so that
    the rating may be told. `disputed` rows are may be appropriate with disagreement.
    """

    usually: tuple[str, ...]
    maybe: tuple[str, ...]
    disputed: tuple[str, ...] = ()


RATINGS = {
    # ACR patient summary, scenario cauda equina. Without contrast first: time counts (own).
    4: Table((MRI, MRI_BOTH), (CT, MYELO)),
    # ACR patient summary and gighz.com, scenario cancer, infection, immunosuppression. Contrast
    # first, which shows abscess and extent (gighz.com, the addition of gadolinium).
    7: Table((MRI_BOTH, MRI), (CT_WITH, CT, MYELO), (FILM,)),
    # ACR patient summary, scenario trauma, osteoporosis, elderly, steroids. MRI tells old fractures
    # from new ones; radiographs before CT for their radiation (own).
    6: Table((MRI, FILM, CT), (MRI_BOTH, MYELO)),
    # ACR patient summary, scenario after surgery. Contrast tells scar from disc.
    5: Table((MRI_BOTH, MRI, FILM), (CT, MYELO)),
    # ACR patient summary, scenario six weeks of management without success.
    3: Table((MRI,), (MRI_BOTH, CT, MYELO, FILM, BONE_SCAN)),
    # ACR tables 1 and 2: nothing is appropriate.
    1: Table((), ()),
}
"""By variant; the order is that of danger: the first that applies decides (own)."""


class Sign(NamedTuple):
    """What a record means: its classes, where it stands, since when; `open` if it only asks."""

    classes: frozenset[str]
    source: str
    since: str = ""
    open: bool = False


def _sign(classes: str, source: str, since: str = "", *, is_open: bool = False) -> Sign:
    return Sign(frozenset(classes.split()), source, since, is_open)


SIGNS: dict[str, tuple[Sign, ...]] = {
    # settings
    "acute": (_sign("back-pain", "Condition"),),
    "chronic": (_sign("back-pain chronic", "Condition"),),
    "duration-unknown": (_sign("back-pain", "Condition"),),
    "failed-therapy": (_sign("back-pain chronic failed", "Condition"),),
    "prior-surgery": (_sign("back-pain", "Condition"), _sign("surgery", "Procedure")),
    "osteoporosis": (_sign("back-pain osteoporosis", "Condition"),),
    "elderly": (_sign("back-pain", "Condition"), _sign("elderly", "Patient")),
    "recent-fall": (_sign("back-pain trauma", "Condition", "2026-11-15"),),
    "chart-indication": (_sign("back-pain", "Condition"),),
    "other-indication": (_sign("back-pain", "Condition"),),
    "child": (_sign("back-pain", "Condition"),),
    "age-unknown": (_sign("back-pain", "Condition"),),
    # cancer: a history of cancer counts however long ago (ACR 2015, red-flag table)
    "cancer": (_sign("cancer", "Condition", "1996-01-01"),),
    "cancer-in-remission": (_sign("cancer", "Condition", "2019-03-01"),),
    "metastasis": (_sign("cancer", "Condition", "2025-03-01"),),
    # suspicion without a diagnosis (ACR 2015, IDSA 2015)
    "weight-loss": (_sign("soft", "Condition", "2026-09-01"),),
    "night-pain": (_sign("soft", "Condition", "2026-11-08"),),
    "raised-crp": (_sign("soft", "Observation", "2026-11-15"),),
    "suspicion-stated": (_sign("soft", "order"),),
    # infection (ACR 2015; IDSA 2015)
    "fever": (_sign("infection", "Observation", "2026-11-21"),),
    "chills": (_sign("infection", "Condition", "2026-11-17"),),
    "urinary-infection": (_sign("infection urinary", "Condition", "2026-10-10"),),
    "spinal-infection": (_sign("infection", "Condition", "2026-10-15"),),
    "iv-drug-use": (_sign("infection", "Condition", "2026-05-01"),),
    "spinal-procedure": (_sign("infection", "Procedure", "2026-10-23"),),
    # immunosuppression (ACR 2015)
    "hiv": (_sign("immune", "Condition", "2015-01-01"),),
    "transplant": (_sign("immune", "Condition"),),
    "immune-deficiency": (_sign("immune", "Condition", "2018-01-01"),),
    "chemotherapy": (_sign("immune", "MedicationRequest", "2026-05-01"),),
    "immunosuppressant": (_sign("immune", "MedicationRequest", "2019-05-01"),),
    "steroids-long": (_sign("immune steroids", "MedicationRequest", "2026-05-01"),),
    "diabetes-complications": (_sign("immune", "Condition", "2016-01-01"),),
    # emergencies (BMJ; UM; Surviving Sepsis 2021)
    "sepsis": (_sign("sepsis", "Condition", "2026-11-20"),),
    "cauda-equina": (_sign("cauda", "Condition", "2026-11-21"),),
    "saddle-numbness": (_sign("cauda", "Condition", "2026-11-21"),),
    "urinary-retention": (_sign("cauda", "Condition", "2026-11-20"),),
    "foot-drop": (_sign("motor", "Condition", "2026-11-20"),),
    "cord-compression": (_sign("cord", "Condition", "2026-11-21"),),
    "epidural-abscess": (_sign("abscess", "Condition", "2026-11-20"),),
    "bilateral-sciatica-and-retention": (
        _sign("back-pain both-legs", "Condition", "2026-11-20"),
        _sign("retention-undated", "Condition", is_open=True),
    ),
    "septic-signs": (_sign("two-sirs-signs", "Observation", "2026-11-22"),),
    # level (NICE; Scottish referral guidelines)
    "cancer-and-thoracic-pain": (_sign("thoracic-pain", "Condition", "2026-11-08"),),
    "thoracic-pain": (_sign("thoracic-pain", "Condition", "2026-11-08"),),
    "cord-signs": (_sign("cord-signs", "Condition", "2026-11-21"),),
    # records that raise the question and settle nothing (own, decision 1)
    "cancer-suspected-in-chart": (_sign("", "Condition", is_open=True),),
    "opioid-use": (_sign("", "Condition", is_open=True),),
    "steroids-short": (_sign("", "MedicationRequest", is_open=True),),
    "fever-unconfirmed": (_sign("", "Condition", is_open=True),),
}
"""What each level means; a level that is not here means nothing: it is a near miss."""

SUSPICION = {"cancer", "infection", "immune", "soft", "sepsis", "abscess"}
FRACTURE_RISK = {"trauma", "osteoporosis", "elderly", "steroids"}
DEFICIT = {"cauda", "motor", "cord"}
RED_FLAGS = SUSPICION | FRACTURE_RISK | DEFICIT | {"cord-signs"}
FLAG_SOURCES = {"Condition", "Observation", "Procedure", "MedicationRequest"}
"""Where a red flag may stand: until all were read, none can be said to be absent (own)."""
