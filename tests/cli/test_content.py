def test_the_content_is_counted_by_what_it_holds(call):
    ran = call("content", "--json")
    assert ran.code == 0
    counts = ran.json
    assert counts["documents"]["value-set"] == counts["value sets"] > 0
    assert sum(counts["ratings by evidence"].values()) == counts["ratings"]
    assert counts["variants"] == 7
    assert counts["errors"] == 0
    assert counts["codes by system"]["snomed-ct"] > 0


def test_the_counts_are_printed_one_to_a_line(call):
    lines = call("content").out.splitlines()
    assert lines[0].startswith("Content version ")
    for name in ("value sets", "procedures", "recommendations", "safety states", "cases", "lines"):
        assert any(line.startswith(name) and line.split()[-1].isdigit() for line in lines), name


def test_content_with_errors_is_counted_and_said_to_have_them(call, monkeypatch, small):
    (small / "broken.yaml").write_text("kind: nothing\n", encoding="utf-8")
    monkeypatch.setenv("CDS_CARDS_DIR", str(small))
    ran = call("content")
    assert ran.code == 0
    assert "It has 1 error:" in ran.out
