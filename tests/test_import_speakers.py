"""The speaker of a quotation in an imported release: stated, doubtful or none."""

import pytest

from importing import Speech, understand

OPENING = """The trial of Jamal Aziz ends

Ana Brask, director of the Vela Institute, met Foreign Minister Jonas Reuter in Berlin on Friday. \
The lawyers Mia Holt and Hans Müller were there.

"""


def _last_speech(text: str) -> Speech:
    return understand((OPENING + text).encode(), "a.txt").speeches[-1]


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ('"The prison has no doctor at all," said Mia Holt.', "Mia Holt"),
        ('"The prison has no doctor at all," said lawyer Mia Holt of Berlin.', "Mia Holt"),
        ('"The prison has no doctor at all," Holt added.', "Mia Holt"),
        ('"The prison has no doctor at all." Said Mia Holt.', "Mia Holt"),
        ('"The prison has no doctor at all," Ana Brask\'s lawyer, Mia Holt, said.', "Mia Holt"),
        ('"There is no doctor," said Mia Holt. "We asked for one again."', "Mia Holt"),
        ('Mia Holt told Jonas Reuter: "The prison has no doctor at all."', "Mia Holt"),
        ('Mia Holt, a lawyer in Berlin, said:\n\n"The prison has no doctor at all."', "Mia Holt"),
        ('According to Mia Holt, "The prison has no doctor at all."', "Mia Holt"),
        ('"The prison has no doctor at all," according to Mia Holt.', "Mia Holt"),
        ('Mia Holt today issued the following statement on it:\n\n"I saw it all."', "Mia Holt"),
        ('"The prison has no doctor at all."\n\n– Mia Holt, lawyer', "Mia Holt"),
        ('Mia Holt was there. "It is a great day for us," she said.', "Mia Holt"),
        ('Mia Holt said: "It is cold.\n\n"There is no doctor at all."', "Mia Holt"),
        ("Mia Holt said:\n\n‘It is cold.\n\n‘There is no doctor at all.’", "Mia Holt"),
        ('"So-called "honor" killings never stopped here," said Mia Holt.', "Mia Holt"),
        ("« Nous demandons leur libération », a déclaré Mia Holt.", "Mia Holt"),
        ("«Pedimos su libertad inmediata», dijo Mia Holt.", "Mia Holt"),
        ("„Wir fordern ihre Freilassung“, sagte Mia Holt.", "Mia Holt"),
        ("“Pedimos a sua libertação imediata”, disse Mia Holt.", "Mia Holt"),
    ],
)
def test_a_speaker_that_the_text_states_is_certain(text: str, speaker: str) -> None:
    speech = _last_speech(text)
    assert (speech.speaker, speech.certain) == (speaker, True)


@pytest.mark.parametrize(
    "text",
    [
        '"The prison has no doctor at all," said a spokesman for Mia Holt.',
        '"The prison has no doctor at all," said Mia Holt\'s lawyer.',
        '"The prison has no doctor at all," Mia Holt and Hans Müller said.',
        '"The prison has no doctor at all," said Mia Holt and Hans Müller.',
        '"The prison has no doctor at all," the letter to Mia Holt states.',
        'In a letter to Mia Holt, the committee wrote: "There is no doctor at all."',
        'Mia Holt was there.\n\nThe court wrote: "There is no doctor at all."',
        'Mia Holt and Hans Müller made the following statement:\n\n"We saw it all there."',
        '"It is cold."\n\n– Mia Holt, lawyer\n\n"There is no doctor at all."',
        '"There is no doctor at all," they said.',
        'Mia Holt said that it is cold.\n\nThe day was long.\n\n"There is no doctor at all."',
    ],
)
def test_words_of_several_people_or_of_others_get_no_speaker(text: str) -> None:
    assert _last_speech(text).speaker == ""


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ('Mia Holt met Ana Brask. "It is a great day for us," she said.', "Mia Holt"),
        ('"It is cold," said Mia Holt.\n\n"There is no doctor at all."', "Mia Holt"),
        ('"It is cold," said Hans Müller. Mia Holt replied.\n\n"There is nobody."', "Mia Holt"),
        ('"It is cold, said Mia Holt, a lawyer. There is no doctor."', "Mia Holt"),
    ],
)
def test_a_doubtful_speaker_is_offered_and_not_set(text: str, speaker: str) -> None:
    understood = understand((OPENING + text).encode(), "a.txt")
    speech = understood.speeches[-1]
    assert (speech.speaker, speech.certain) == (speaker, False)
    assert "data-name" not in understood.body_html.partition("</p>")[2].rpartition("<blockquote")[2]


def test_terms_and_titles_in_quotation_marks_are_not_speech() -> None:
    text = (
        "A court convicted him of “insulting the nation and its leaders”. Mia Holt read his book "
        "“A Long Walk Through The North” and the “Wall Street Journal”."
    )
    assert understand((OPENING + text).encode(), "a.txt").speeches == ()


def test_a_speech_has_the_number_of_its_quotation_in_the_body() -> None:
    text = (
        '"There is no doctor," said Mia Holt.\n\nHans Müller said:\n\n"It is cold here today."\n\n'
        'Ana Brask said:\n\n"We ask for a doctor now."'
    )
    understood = understand((OPENING + text).encode(), "a.txt")
    assert [speech.quotation for speech in understood.speeches] == [None, 0, 1]
    assert '<blockquote data-name="Hans Müller"' in understood.body_html
    assert '<blockquote data-name="Ana Brask"' in understood.body_html


def test_people_in_tables_and_footnotes_are_found_separately() -> None:
    html = """<h1>The trial of Jamal Aziz ends</h1>
    <p>The court met on Friday and decided about the case of the four people.</p>
    <table><tr><td>lawyer Mia Holt</td><td>Hans Visit</td></tr>
    <tr><td>Jonas Reuter, Foreign Minister</td><td>in Berlin</td></tr></table><p>It is over.</p>"""
    found = understand(html.encode(), "a.html").people
    assert [person.name for person in found] == ["Mia Holt", "Jonas Reuter"]
    markdown = """# The trial of Jamal Aziz ends

The court met on Friday and decided about the case of the four people.[^1] It is over.

[^1]: The lawyer Mia Holt said it.
"""
    assert [person.name for person in understand(markdown.encode(), "a.md").people] == ["Mia Holt"]
