"""Removes metadata about the makers, deleted text and hidden text from Word files (.docx).

Only the parts that show something are kept. They are found by their relationships (ECMA-376, part
2). A part of an unknown kind is a problem, because it may contain anything.
"""

import io
import posixpath
import zipfile
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import unquote

from lxml import etree

from assets import archives
from assets.cleaning import packed
from assets.cleaning.report import Cleaned, Report
from assets.cleaning.word_text import (
    clean_text,
    has_even_headers,
    hiding_styles,
    relations_in,
    unclear_styles,
)
from assets.messages import BadFileError
from assets.messages import message as _
from storing.links import allowed_link

MAX_UNPACKED_BYTES = 200_000_000
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_DUBLIN = "{http://purl.org/dc/elements/1.1/}"
# Parts by the last word of their relationship type. These are used even if no text refers to them.
_ALWAYS = {"styles", "numbering", "settings", "fontTable", "theme", "footnotes", "endnotes"}
_IF_REFERENCED = {
    "header", "footer", "image", "hyperlink", "chart", "chartUserShapes", "diagramData",
    "diagramLayout", "diagramQuickStyle", "diagramColors", "font",
}  # fmt: skip
_WITH_A_CHART = {"chartStyle", "chartColorStyle", "themeOverride", "diagramDrawing"}
# Parts about people or their computers, with the code of the finding.
_DROPPED = {
    "core-properties": "", "extended-properties": "", "custom-properties": "properties",
    "comments": "", "commentsExtended": "", "commentsIds": "", "commentsExtensible": "",
    "people": "", "thumbnail": "thumbnail", "customXml": "custom_xml",
    "glossaryDocument": "glossary", "printerSettings": "printer", "webSettings": "",
    "attachedTemplate": "template", "stylesWithEffects": "", "keyMapCustomizations": "",
    "attachedToolbars": "", "recipientData": "mail_merge", "mailMergeSource": "mail_merge",
    "mailMergeHeaderSource": "mail_merge", "documenttasks": "comments",
    "classificationlabels": "properties", "ui": "", "extensibility": "", "userXmlData": "",
    "webextensiontaskpanes": "", "transform": "", "frame": "", "wordVbaData": "",
}  # fmt: skip
_EMBEDDED = {
    "oleObject", "package", "control", "activeXControlBinary", "aFChunk", "subDocument", "video",
    "audio", "media", "model3d", "vbaProject",
}  # fmt: skip


@dataclass(slots=True)
class Relation:
    """A reference from one part to another part, or to an address outside the file."""

    id: str
    type: str
    target: str
    external: bool

    @property
    def word(self) -> str:
        """The last word of its type, such as `image` or `styles`."""
        return self.type.rstrip("/").rsplit("/", 1)[-1]


@dataclass(slots=True)
class _Part:
    content: bytes
    type: str
    relations: list[Relation] = field(default_factory=list)


def clean(file: IO[bytes]) -> Cleaned:
    """Return a Word file without properties, comments, tracked changes and hidden text."""
    try:
        with archives.opened(file, MAX_UNPACKED_BYTES) as archive:
            return _Cleaning(archive).cleaned()
    except (KeyError, etree.XMLSyntaxError) as problem:
        raise BadFileError(
            _("The file is damaged or incomplete. Save or download it again.")
        ) from problem


class _Cleaning:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.report = Report()
        self.names = {name.lstrip("/"): name for name in archive.namelist()}
        types = _parsed(archive.read("[Content_Types].xml"))
        self.by_extension, self.by_name = {}, {}
        for one in types:
            if one.get("Extension"):
                self.by_extension[str(one.get("Extension")).lower()] = str(one.get("ContentType"))
            elif one.get("PartName"):
                name = unquote(str(one.get("PartName"))).lstrip("/")
                self.by_name[name.lower()] = str(one.get("ContentType"))
        self.parts: dict[str, _Part] = {}
        self.renamed: dict[str, str] = {}
        self.hiding: set[str] = set()
        self.has_even = False

    def cleaned(self) -> Cleaned:
        self._properties()
        roots: list[Relation] = []
        for relation in self._relations(""):
            if relation.word == "officeDocument" and not roots:
                self._take(_absolute("", relation.target), relation)
                roots.append(relation)
            elif relation.word == "origin" or "signature" in relation.type:
                self.report.problem("signed")
            elif relation.word in _DROPPED:
                self._dropped(relation, "")
            else:
                self.report.problem("unknown_part", relation.word)
        if not roots:
            raise BadFileError(_("The file is damaged or incomplete. Save or download it again."))
        self._drop_unreferenced_notes()
        return self.report.cleaned(self._packed(roots))

    # --- What is kept --------------------------------------------------------------------------

    def _take(self, name: str, relation: Relation) -> None:
        """Clean and keep a part, and the parts that it shows."""
        if name in self.parts:
            return
        content, kind = self._read(name), self._type(name)
        if relation.word == "image":
            self._take_picture(name, content)
            return
        part = self.parts[name] = _Part(content, kind)
        if relation.word == "font":
            return
        tree = _parsed(content)
        wanted = {one.id: one for one in self._relations(name)}
        for one in wanted.values():
            if one.word == "styles" and not one.external:
                styles = _parsed(self._read(_absolute(name, one.target)))
                self.hiding |= hiding_styles(styles)
                for each in unclear_styles(styles):
                    self.report.problem("hiding_style", each)
            elif one.word == "settings" and not one.external:
                settings = self._read(_absolute(name, one.target))
                self.has_even |= has_even_headers(_parsed(settings))
        outside = {one.id: one.target for one in wanted.values() if _leads_outside(one)}
        clean_text(tree, self.report, outside, self.hiding, self.has_even)
        named = relations_in(tree)
        for one in wanted.values():
            if one.word in _DROPPED:
                self._dropped(one, name)
            elif one.word in _EMBEDDED:
                # A chart shows its numbers even without the embedded table.
                if one.word == "package" and relation.word == "chart":
                    self.report.removed("chart_table")
                elif one.id in named or one.word == "vbaProject":
                    self.report.problem("embedded", posixpath.basename(one.target))
            elif one.word in _ALWAYS | _WITH_A_CHART or one.id in named:
                self._keep(part, name, one)
        part.content = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)

    def _keep(self, part: _Part, name: str, relation: Relation) -> None:
        if _leads_outside(relation):
            if relation.word == "hyperlink" and (address := allowed_link(relation.target)):
                part.relations.append(Relation(relation.id, relation.type, address, True))
            return
        if relation.word not in _ALWAYS | _IF_REFERENCED | _WITH_A_CHART:
            self.report.problem("unknown_part", relation.word)
            return
        target = _absolute(name, relation.target)
        if relation.word == "hyperlink":
            part.relations.append(relation)
            return
        if target.lower() not in {each.lower() for each in self.names}:
            return  # Word ignores a missing part too
        self._take(target, relation)
        part.relations.append(Relation(relation.id, relation.type, target, False))

    def _take_picture(self, name: str, content: bytes) -> None:
        try:
            content, extension = packed.clean(content, self.report, posixpath.basename(name))
        except packed.UnknownFormatError:
            self.report.problem("picture", posixpath.basename(name))
            return
        number = sum(part.type.startswith("image/") for part in self.parts.values()) + 1
        # Its name may be the file name on someone's computer.
        self.renamed[name] = f"word/media/image{number}.{extension}"
        mime = {"emf": "image/x-emf", "wmf": "image/x-wmf"}.get(extension, f"image/{extension}")
        self.parts[name] = _Part(content, mime)

    def _drop_unreferenced_notes(self) -> None:
        """Remove the footnotes and endnotes whose number was removed from the text."""
        trees = {name: _parsed(part.content) for name, part in self.parts.items()
                 if part.type.endswith("+xml")}  # fmt: skip
        for kind in ("footnote", "endnote"):
            used = {
                ref.get(f"{{{ref.nsmap[ref.prefix]}}}id")
                for tree in trees.values()
                for ref in tree.iter(f"{{*}}{kind}Reference")
            }
            for name, tree in trees.items():
                if etree.QName(tree).localname != f"{kind}s":
                    continue
                notes = [note for note in tree if isinstance(note.tag, str)]
                for note in notes:
                    w = f"{{{etree.QName(note).namespace}}}"
                    kept = note.get(f"{w}type", "normal") != "normal"
                    if not kept and note.get(f"{w}id") not in used:
                        tree.remove(note)
                        self.report.removed("note")
                self.parts[name].content = etree.tostring(
                    tree, xml_declaration=True, encoding="UTF-8", standalone=True
                )

    # --- What is left out ----------------------------------------------------------------------

    def _properties(self) -> None:
        """Report the names in the properties. No properties are kept."""
        properties = {
            "docProps/core.xml": {
                f"{_DUBLIN}creator": "author", "lastModifiedBy": "last_editor",
                f"{_DUBLIN}title": "title", f"{_DUBLIN}subject": "properties",
                f"{_DUBLIN}description": "properties", "keywords": "properties",
            },
            "docProps/app.xml": {
                "Company": "company", "Manager": "manager", "Template": "template",
                "HyperlinkBase": "properties",
            },
        }  # fmt: skip
        for name, tags in properties.items():
            if name not in self.names:
                continue
            try:
                tree = _parsed(self._read(name))
            except (etree.XMLSyntaxError, BadFileError):
                continue
            for tag, code in tags.items():
                text = str(tree.findtext(tag if tag.startswith("{") else f"{{*}}{tag}") or "")
                if text.strip() and text.strip() not in ("Normal", "Normal.dotm", "Normal.dot"):
                    self.report.removed(code, text)

    def _dropped(self, relation: Relation, source: str) -> None:
        if relation.word == "comments" and not relation.external:
            try:
                tree = _parsed(self._read(_absolute(source, relation.target)))
            except KeyError:
                return
            for comment in tree.iter("{*}comment"):
                author = next((v for k, v in comment.items() if k.endswith("}author")), "")
                self.report.removed("comments", str(author))
        elif code := _DROPPED[relation.word]:
            shown = relation.target if relation.external else ""
            self.report.removed(code, unquote(shown))

    # --- The archive ---------------------------------------------------------------------------

    def _read(self, name: str) -> bytes:
        known = self.names.get(name)
        if known is None:  # names are case-insensitive
            known = {each.lower(): real for each, real in self.names.items()}[name.lower()]
        return self.archive.read(known)

    def _type(self, name: str) -> str:
        extension = name.rsplit(".", 1)[-1].lower()
        return self.by_name.get(name.lower()) or self.by_extension.get(extension, "")

    def _relations(self, name: str) -> list[Relation]:
        folder, base = posixpath.split(name)
        path = posixpath.join(folder, "_rels", f"{base}.rels")
        try:
            tree = _parsed(self._read(path))
        except KeyError:
            return []
        return [
            Relation(
                str(one.get("Id")),
                str(one.get("Type")),
                str(one.get("Target") or ""),
                one.get("TargetMode") == "External",
            )
            for one in tree.iter(f"{{{_RELATIONS}}}Relationship")
        ]

    def _packed(self, roots: list[Relation]) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:

            def write(name: str, content: bytes) -> None:
                # The earliest date of ZIP, so that the same file always gives the same bytes.
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)

            types = etree.Element(f"{{{_TYPES}}}Types", nsmap=_default(_TYPES))
            etree.SubElement(types, f"{{{_TYPES}}}Default", Extension="rels",
                ContentType="application/vnd.openxmlformats-package.relationships+xml")  # fmt: skip
            etree.SubElement(
                types, f"{{{_TYPES}}}Default", Extension="xml", ContentType="application/xml"
            )
            for name, part in self.parts.items():
                etree.SubElement(types, f"{{{_TYPES}}}Override",
                    PartName=f"/{self._new(name)}", ContentType=part.type)  # fmt: skip
            write("[Content_Types].xml", _xml(types))
            write("_rels/.rels", self._relations_xml(roots))
            for name, part in self.parts.items():
                write(self._new(name), part.content)
                if part.relations:
                    folder, base = posixpath.split(self._new(name))
                    path = posixpath.join(folder, "_rels", f"{base}.rels")
                    write(path, self._relations_xml(part.relations))
        return out.getvalue()

    def _new(self, name: str) -> str:
        return self.renamed.get(name, name)

    def _relations_xml(self, relations: list[Relation]) -> bytes:
        root = etree.Element(f"{{{_RELATIONS}}}Relationships", nsmap=_default(_RELATIONS))
        for one in relations:
            target = one.target
            if not one.external and not target.startswith("#"):
                target = "/" + self._new(target.lstrip("/"))
            attributes = {"Id": one.id, "Type": one.type, "Target": target}
            if one.external:
                attributes["TargetMode"] = "External"
            etree.SubElement(root, f"{{{_RELATIONS}}}Relationship", attributes)
        return _xml(root)


def _leads_outside(relation: Relation) -> bool:
    """Return whether a relation refers outside the file; a link may be another file's name."""
    return relation.external or (
        relation.word == "hyperlink" and not relation.target.startswith("#")
    )


def _parsed(content: bytes) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True,
        remove_pis=True,
    )  # fmt: skip
    tree = etree.fromstring(content, parser)
    docinfo: Any = tree.getroottree().docinfo
    if docinfo.doctype:
        raise BadFileError(_("The file is damaged or incomplete. Save or download it again."))
    return tree


def _xml(tree: Any) -> bytes:
    return etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)


def _default(space: str) -> Any:
    return {None: space}


def _absolute(source: str, target: str) -> str:
    """Return the full name of a part in the archive."""
    folder = posixpath.dirname(source)
    return posixpath.normpath(posixpath.join("/" + folder, unquote(target))).lstrip("/")
