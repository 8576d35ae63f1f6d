"""What a run rests on, as BibTeX and as a sentence for the methods section."""

from __future__ import annotations

from surefit.core.record import RunRecord, TheoremRecord
from surefit.report.dataset_citations import dataset_entry
from surefit.report.numbers import number

__all__ = ["entries", "methods", "software", "used_theorems", "version_of"]


def software(version: str | None) -> str:
    """The BibTeX entry of surefit."""
    lines = [
        "@software{surefit,",
        "  title = {surefit: will gradient descent fit this network, how fast, how wide must it "
        "be, and can you prove it?},",
        "  author = {{The surefit developers}},",
        *([f"  version = {{{version}}},"] if version else []),
        "}",
    ]
    return "\n".join(lines)


def used_theorems(record: RunRecord) -> list[TheoremRecord]:
    """The theorems that apply to the run, or stand behind one of its certificates."""
    return [
        item
        for item in record.theorems
        if item.prediction.applies or _behind_certificate(item, record)
    ]


def entries(record: RunRecord) -> list[str]:
    """BibTeX of the theorems that were used, of the data set where it is known, of the software."""
    cited = [item.citation.strip() for item in used_theorems(record) if item.citation]
    data = dataset_entry(str(record.spec.get("data", "")))
    return list(dict.fromkeys([*cited, *([data] if data else []), software(version_of(record))]))


def methods(record: RunRecord) -> str:
    """A paragraph with the numbers of the run, for the methods section of a paper."""
    spec, trajectory = record.spec, record.trajectory
    version = version_of(record)
    network = " ".join(str(spec[key]) for key in ("network",) if key in spec) or "network"
    size = [f"{key} {spec[key]}" for key in ("width", "depth") if spec.get(key) is not None]
    details = ", ".join([*size, *([str(spec["activation"])] if spec.get("activation") else [])])
    loss = trajectory.series.get("loss")
    ended = f" to a training loss of {number(float(loss.values[-1]))}" if loss is not None else ""
    sentences = [
        f"A {network} network" + (f" ({details})" if details else "")
        + f" was trained on {record.problem.get('samples', 'the')} samples of "
        f"{spec.get('data', 'the data')} by {trajectory.method.replace('_', ' ')}"
        f" with step size {number(trajectory.step_size)}{ended},"
        f" with seed {spec.get('seed', 0)} in surefit{f' {version}' if version else ''}"
        f" (run {record.run_id}).",
        *(
            [
                "After training the weights were moved by a few Levenberg-Marquardt steps; "
                "certificates are about the weights after these."
            ]
            if spec.get("polish")
            else []
        ),
        _theorem_sentence(record),
        *_proof_sentences(record),
    ]  # fmt: skip
    return " ".join(sentences)


def version_of(record: RunRecord) -> str | None:
    """The version of surefit in the environment, whether it stands there plainly or nested."""
    places = [record.environment, record.environment.get("versions")]
    for place in places:
        if isinstance(place, dict) and isinstance(place.get("surefit"), str):
            return place["surefit"]
    return None


def _theorem_sentence(record: RunRecord) -> str:
    applying = [item.title for item in record.theorems if item.prediction.applies]
    if not applying:
        return "None of the convergence theorems that were checked is known to apply."
    return f"Of the theorems that were checked, these apply: {'; '.join(applying)}."


def _proof_sentences(record: RunRecord) -> list[str]:
    proved = [proof for proof in record.proofs if proof.proved]
    if not proved:
        return ["No certificate of convergence was proved."]
    return [
        f'The stand-alone checker proved: "{proof.statement.rstrip()}"'
        for proof in proved
        if proof.statement
    ]


def _behind_certificate(item: TheoremRecord, record: RunRecord) -> bool:
    """Whether a certificate that holds names this theorem as its ground."""
    return any(c.holds and item.title in c.theorem for c in record.certificates)
