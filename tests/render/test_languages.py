"""Cards in another language: every word of them, and nothing said by halves."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cds_service.casebook import assess
from cds_service.content.cases import Case
from cds_service.content.compile import compile_content
from cds_service.content.library import Content
from cds_service.content.load import Loaded
from cds_service.content.local import Local
from cds_service.content.model import (
    CardText,
    Document,
    Estimates,
    Findings,
    FindingWords,
    OverrideReasons,
    Procedures,
    SafetyRule,
    Texts,
    Translations,
    Variants,
)
from cds_service.content.phrasebook import Phrasebook, english, phrase
from cds_service.content.phrases import PHRASES
from cds_service.content.template import PLACES
from cds_service.engine.advice import Assessment
from cds_service.engine.evidence import Evidence
from cds_service.fhir.dates import parse_date
from cds_service.render import text as filling
from cds_service.render.cards import cards, not_assessed
from cds_service.render.radiation import radiation
from tests.conftest import AS_OF

SOURCE = Path(__file__).parents[2] / "cds_service"


def bracketed(template: str) -> str:
    """Return `template` with brackets round all that is not filled in."""
    parts = re.split(r"(\{[a-z-]+\}|\n+)", template)
    return "".join(
        part if not part.strip() or PLACES.fullmatch(part) else f"⟦{part}⟧" for part in parts
    )


def _pseudo_texts(document: Texts) -> Texts:
    def changed(card: CardText) -> CardText:
        words = {
            part: bracketed(getattr(card, part))
            for part in ("title", "summary", "detail", "suggestion", "action")
        }
        limits = tuple(
            msgspec.structs.replace(each, words=bracketed(each.words))
            for each in card.limits_of_ordered
        )
        return msgspec.structs.replace(card, **words, limits_of_ordered=limits)

    return msgspec.structs.replace(
        document, language="zz", cards=tuple(map(changed, document.cards))
    )


def _pseudo(documents: list[Document]) -> list[Document]:
    """Return texts and translations in a language that puts every word in brackets."""
    procedures = [p for d in documents if isinstance(d, Procedures) for p in d.procedures]
    findings = [f for d in documents if isinstance(d, Findings) for f in d.findings]
    variants = [v for d in documents if isinstance(d, Variants) for v in d.variants]
    rules = [d for d in documents if isinstance(d, SafetyRule)]
    reasons = [r for d in documents if isinstance(d, OverrideReasons) for r in d.reasons]
    estimates = [e for d in documents if isinstance(d, Estimates) for e in d.estimates]
    words = Translations(
        kind="translations",
        id="zz",
        title="A language in brackets",
        status="active",
        version="1.0.0",
        effective="2026-01-01",
        sources=(),
        limits="Words of a test",
        language="zz",
        program={name: bracketed(said) for name, said in PHRASES.items()},
        procedures={each.id: bracketed(each.title) for each in procedures},
        findings={
            each.id: FindingWords(title=bracketed(each.title), phrase=bracketed(each.phrase))
            for each in findings
        },
        variants={each.id: bracketed(each.title) for each in variants},
        states={f"{r.id}.{s.id}": bracketed(s.note) for r in rules for s in r.states},
        override_reasons={each.code: bracketed(each.display) for each in reasons},
        estimates={each.id: bracketed(each.title) for each in estimates},
    )
    texts = [
        _pseudo_texts(doc) for doc in documents if isinstance(doc, Texts) and doc.language == "en"
    ]
    return [*documents, *texts, words]


@pytest.fixture(scope="module")
def pseudo(loaded: Loaded) -> Content:
    """Return the shipped content in a language that puts every word in brackets."""
    documents = _pseudo(list(loaded.documents.values()))
    return compile_content(documents, "0", Local(language="zz"))


@pytest.fixture(scope="module")
def german(loaded: Loaded) -> Content:
    """Return the shipped content in German."""
    return compile_content(loaded.documents.values(), "0", Local(language="de"))


def sentences(card: dict[str, Any]) -> Iterator[str]:
    """Yield everything a reader sees of a card, but the links and the source it cites."""
    yield card["summary"]
    yield card["detail"]
    yield card["source"]["topic"]["display"]
    yield from (reason["display"] for reason in card.get("overrideReasons", []))
    for suggestion in card.get("suggestions", []):
        yield suggestion["label"]
        yield from (action["description"] for action in suggestion["actions"])


def foreign(said: str, assessment: Assessment, content: Content) -> str:
    """Return the letters of `said` outside brackets that no chart, source or scale accounts for."""
    left = re.sub(r"⟦[^⟦⟧]*⟧", " ", said)
    cited = {topic.topic.guideline_name for topic in content.topics_as_written}
    cited |= {"mL/min/1.73 m2", "mSv"}
    cited |= {code.system for code in assessment.order.codes}
    for advice in assessment.advice:
        cited.add(advice.rule_id)
        cited |= {f"{source.title}, {source.locator}" for source in advice.citations}
    for result in assessment.findings.values():
        for item in result.items:
            happened = [seen for each in item.reactions for seen in each.manifestations]
            said_by_chart = [item.label, *item.value, *happened]
            cited |= {
                filling.quote(filling.plain_unit(each))
                for each in said_by_chart
                if isinstance(each, str)
            }
    for each in sorted(cited - {""}, key=len, reverse=True):
        left = left.replace(each, " ")
    left = re.sub(r"\bO\b", " ", left)  # the sign of the lowest level of radiation
    return " ".join(re.findall(r"[^\W\d_]+", left))


def test_every_word_of_every_card_can_be_translated(
    pseudo: Content, cases: list[Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "SUMMARY_LIMIT", 10_000)
    monkeypatch.setattr(filling, "_QUOTED_LIMIT", 10_000)
    shown = 0
    for case in cases:
        assessment = assess(case, pseudo)
        for card in cards([assessment], pseudo, lambda: "id"):
            for said in sentences(card):
                assert foreign(said, assessment, pseudo) == "", (case.name, said)
                shown += 1
    assert shown > 1000


def test_the_card_for_an_order_that_could_not_be_assessed_is_translated(pseudo: Content) -> None:
    for procedure in (None, pseudo.procedures["mri-lumbar-spine-without-contrast"]):
        card = not_assessed(procedure, pseudo, lambda: "id")
        for said in (*sentences(card), card["source"]["label"]):
            assert not re.search(r"\w", re.sub(r"⟦[^⟦⟧]*⟧", "", said)), said


def test_the_programs_words_stand_nowhere_but_in_their_table(pseudo: Content) -> None:
    used = "\n".join(
        path.read_text("utf-8")
        for path in SOURCE.rglob("*.py")
        if path.name not in ("phrases.py", "phrasebook.py")
    )
    unused = [name for name in PHRASES if f'"{name}"' not in used and f"'{name}'" not in used]
    assert unused == []
    with pytest.raises(KeyError):
        phrase("no-such-phrase")


def test_a_phrase_is_said_in_the_language_with_its_values() -> None:
    book = Phrasebook({"years": "{age} Jahre", "range": "{from} bis {to}"})
    ages = phrase("range", from_="70", to="71")
    assert book.say(phrase("years", age=ages)) == "70 bis 71 Jahre"
    assert english([phrase("years", age=ages), "as written"]) == "70 to 71 years; as written"


def test_a_german_title_keeps_its_capital_within_a_sentence(german: Content) -> None:
    assert german.phrasebook.in_sentence("Röntgen LWS") == "Röntgen LWS"
    assert Phrasebook(PHRASES).in_sentence("Radiography lumbar spine").startswith("radiography")


def test_no_german_summary_is_cut(german: Content, cases: list[Case]) -> None:
    for case in cases:
        for card in cards([assess(case, german)], german, lambda: "id"):
            assert len(card["summary"]) < 140
            assert not card["summary"].endswith("…"), case.name


def test_the_language_changes_no_decision(
    german: Content, content: Content, cases: list[Case]
) -> None:
    for case in cases:
        ours, theirs = (
            [
                (each.rule_id, each.indicator, [p.id for p in each.proposal.procedures])
                for each in assess(case, spoken).advice
            ]
            for spoken in (german, content)
        )
        assert ours == theirs, case.name


@pytest.mark.parametrize(
    ("born", "english_dose", "german_dose"),
    [
        (
            "1975-05-17",
            "1-10 mSv effective dose in an adult",
            "1-10 mSv effektive Dosis bei Erwachsenen",
        ),
        (
            "2020-05-17",
            "0.3-3 mSv effective dose in a child",
            "0.3-3 mSv effektive Dosis bei Kindern",
        ),
        (
            "",
            "1-10 mSv effective dose in an adult, 0.3-3 mSv in a child",
            "1-10 mSv effektive Dosis bei Erwachsenen, 0.3-3 mSv bei Kindern",
        ),
    ],
)
def test_radiation_is_told_in_words_and_for_the_patients_age(
    content: Content, german: Content, born: str, english_dose: str, german_dose: str
) -> None:
    evidence = Evidence(AS_OF, born=parse_date(born))
    told = {
        spoken.local.language: radiation(
            [
                spoken.procedures["ct-lumbar-spine-without-contrast"],
                spoken.procedures["mri-lumbar-spine-without-contrast"],
            ],
            evidence,
            spoken,
        ).partition("; ")
        for spoken in (content, german)
    }
    ct, _, mri = told["en"]
    assert ct == (
        "CT lumbar spine without IV contrast: ☢☢☢,"
        f" relative radiation level 3 of 5 ({english_dose})"
    )
    assert mri.startswith(
        "MRI lumbar spine without IV contrast: O, relative radiation level none (0 mSv"
    )
    ct, _, mri = told["de"]
    assert ct == (
        f"CT LWS ohne i.v. Kontrastmittel: ☢☢☢, relative Strahlenstufe 3 von 5 ({german_dose})"
    )
    assert mri.startswith("MRT LWS ohne i.v. Kontrastmittel: O, relative Strahlenstufe keine")


def test_radiation_says_nothing_where_one_level_is_not_published(content: Content) -> None:
    unknown = next(p for p in content.procedures.values() if p.radiation_level == "unknown")
    known = content.procedures["ct-lumbar-spine-without-contrast"]
    assert radiation([known, unknown], Evidence(AS_OF), content) == ""


def _german_card(german: Content, cases: list[Case], name: str) -> dict[str, Any]:
    case = next(case for case in cases if case.name == name)
    (card, *_) = cards([assess(case, german)], german, lambda: "id")
    return card


def test_a_german_card_of_the_topic(german: Content, cases: list[Case]) -> None:
    name = "The same patient with a whole-body bone scan: MRI is preferred"
    card = _german_card(german, cases, name)
    assert card["summary"] == (
        "MRT LWS ohne und mit i.v. Kontrastmittel statt Skelettszintigraphie Ganzkörper:"
        " Kreuzschmerz und Krebs in der Vorgeschichte und Fieber"
    )
    assert card["detail"].split("\n\n") == [
        "**Angefordert:** Skelettszintigraphie Ganzkörper",
        "**Dokumentiert:**\n"
        "- Krebserkrankung in der Vorgeschichte; Krebs, der häufig in die Wirbelsäule metastasiert:"
        " Malignant neoplasm of breast, 2019-03-01\n"
        "- Fieber: Body temperature, 38.6 °C, 2026-11-21",
        "**Warum:** für diese Situation nach ACR 2021: MRT LWS ohne und mit i.v. Kontrastmittel"
        " *in der Regel angemessen*. Die angeforderte Untersuchung: *in der Regel nicht"
        " angemessen*. MRT zeigt Knochenmark, Weichteile und Spinalkanal.",
        "**Grenzen der angeforderten Untersuchung:** eine Skelettszintigraphie zeigt weder"
        " Rückenmark noch Wurzeln und ist für osteolytische Läsionen weniger empfindlich.",
        "**Strahlung:** Skelettszintigraphie Ganzkörper: ☢☢☢, relative Strahlenstufe 3 von 5"
        " (1-10 mSv effektive Dosis bei Erwachsenen); MRT LWS ohne und mit i.v. Kontrastmittel: O,"
        " relative Strahlenstufe keine (0 mSv effektive Dosis bei Erwachsenen)",
        "*Quelle: ACR Appropriateness Criteria® Low Back Pain: 2021 Update, J Am Coll Radiol"
        " 2021;18(11S):S361-S379. Regel mri-preferred, Inhalt 0.*",
    ]
    assert card["suggestions"][0]["label"] == ("Ändern in MRT LWS ohne und mit i.v. Kontrastmittel")
    assert card["suggestions"][0]["actions"][0]["resource"]["code"]["text"] == (
        "MRT LWS ohne und mit i.v. Kontrastmittel"
    )
    assert card["overrideReasons"][1]["display"] == "MRT nicht rechtzeitig verfügbar"


def test_a_german_card_of_a_safety_rule(german: Content, cases: list[Case]) -> None:
    name = "Pacemaker on the problem list (Z95.0), no device record: MR status unknown, hold"
    card = _german_card(german, cases, name)
    assert card["summary"] == (
        "MRT anhalten: Herzschrittmacher, nicht als bedingt MR-sicher bekannt."
        " Zuerst Freigabe: Device-Team"
    )
    assert card["detail"].split("\n\n")[1:4:2] == [
        "**Dokumentiert:**\n- Herzschrittmacher: Presence of cardiac pacemaker",
        "**Wer freigeben kann:** die Schrittmacherambulanz oder Kardiologie mit den"
        " MR-Sicherheitsverantwortlichen, anhand der genauen Modelle von Aggregat und Elektroden."
        " Wird freigegeben, bleibt MRT die beste Untersuchung.",
    ]
    assert "keine Leitlinientabelle dieses Ratgebers" in card["detail"]
    assert [reason["display"] for reason in card["overrideReasons"]] == [
        "Gerät geprüft und vom zuständigen Team für MRT freigegeben",
        "Gerät und Elektroden nicht mehr vorhanden",
        "Kein solches Gerät vorhanden",
    ]
