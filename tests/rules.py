#!/usr/bin/env python3
"""What the rules in cmd/*.c promise about options: rules.py cases|pages FOLDER-OF-THE-TOOLS

cases: for each rule, and each option that it excludes, the smallest command line that breaks it and no
other rule: the tool, the rule, the message and the command line, with tabs between.
pages: a finding, one a line, for each rule that the page of its tool does not tell.
The tree is the current folder.
"""
import itertools
import pathlib
import re
import shlex
import subprocess
import sys

POSIX_NAME, SYSV_NAME = "/ipcbox-rule", "0x1bc0ffee"
# A value or an operand of that name, if completions/values has no word for it; "1" is any other. No
# process has that number.
SAMPLES = {
    "FILE": "file", "FMT": "%%", "SIG": "TERM", "WHO": "any", "DIR": ".", "IN": "fifo",
    "OUT": "fifo",
    "FIFO": "fifo", "ADDRESS": "./socket", "TARGET": "2147483647", "COMMAND": "true", "MESSAGE": "message",
}


class Tool:
    """Rules, options and usage of the tool that the file SOURCE makes."""

    def __init__(self, source, folder):
        self.name = source.stem
        self.rules = read_rules(source.read_text())
        if not self.rules:
            return
        text = subprocess.run([folder / self.name, "--help"], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
        usage, _, rest = text.partition("\n\n")
        self.usages = [re.sub(r"^(usage:)? *\S+ ?", "", line) for line in usage.splitlines()]
        self.options = {}  # the long name: how messages write it, and the name of its value
        for letter, name, value in re.findall(
                r"^  (?:-(\w),|   ) --([\w-]+)(?: ([A-Z:]+))? ", rest, re.M):
            if name not in ("quiet", "help", "version"):
                self.options[name] = ("-" + letter if letter else "--" + name, value)

    def unknown_names(self, rule):
        """Options that RULE names and the tool does not have: the rule would never be tested."""
        names = [rule["option"]] if rule["option"] else []
        names += rule["names"] if rule["kind"] != "family" else []
        return [name for name in names if name not in self.options and name != "COMMAND"]

    def form(self, name):
        return self.options[name][0] if name in self.options else name

    def list(self, names, last):
        forms = [self.form(name) for name in names]
        return last.join([", ".join(forms[:-1]), forms[-1]]) if len(forms) > 1 else forms[0]

    def refusal(self, rule, given, object_name):
        """The message of RULE about the options GIVEN; None where it does not refuse them."""
        text = None
        kind, option, names = rule["kind"], rule["option"], rule["names"]
        if kind == "only_one":
            if sum(name in given for name in names) > 1:
                text = "only one of " + self.list(names, " and ")
        elif option not in given:
            return None
        elif kind == "with" and not any(name in given for name in names):
            text = "%s needs %s" % (self.form(option), self.list(names, " or "))
        elif kind == "without":
            other = next((name for name in names if name in given), None)
            text = other and "%s does not go with %s" % (self.form(option), self.form(other))
        elif kind == "only":
            other = next((name for name in [*self.options, "COMMAND"]
                          if name in given and name != option and name not in names), None)
            text = other and "%s does not go with %s" % (self.form(other), self.form(option))
        elif kind == "family" and (object_name == POSIX_NAME) != (names == ["POSIX"]):
            text = "%s: %s is for %s objects" % (object_name, self.form(option), names[0])
        return "%s (%s)" % (text, rule["because"]) if text and rule["because"] else text

    def smallest_break(self, rule, needed):
        """The fewest options, with those NEEDED, and the object, that break RULE alone; else first."""
        names = [*self.options] + (["COMMAND"] if any("-- COMMAND" in line for line in self.usages)
                                   else [])
        others = [name for name in names if name not in needed]
        others.sort(key=lambda name: bool(self.options.get(name, ("", "1"))[1]))
        first = None
        for size in range(4):
            for more in itertools.combinations(others, size):
                for object_name in (POSIX_NAME, SYSV_NAME):
                    given = needed + list(more)
                    broken = [other for other in self.rules
                              if self.refusal(other, given, object_name)]
                    if broken == [rule]:
                        return given, object_name
                    if broken and broken[0] == rule:
                        first = first or (given, object_name)
        return first

    def usage_for(self, given):
        """The usage that shows the most of the options GIVEN."""
        def shown(line):
            letters = "".join(re.findall(r"(?<!\S)\[?-(\w+)", line))
            return sum(name == "COMMAND" and "-- COMMAND" in line
                       or re.search(r"--%s\b" % re.escape(name), line) is not None
                       or self.form(name)[1:] in letters for name in given)
        concrete = [line for line in self.usages if not line.startswith("VERB ")]
        return max(concrete or self.usages, key=shown)

    def command_line(self, given, object_name):
        words = [self.name]
        for name in given:
            if name != "COMMAND":
                form, value = self.options[name]
                words += [form, sample(self.name, value, object_name)] if value else [form]
        usage = re.sub(r" *\[?-- COMMAND.*| *[<>].*", "", self.usage_for(given))
        while "[" in usage:
            usage = re.sub(r"\[[^][]*\](\.\.\.)?", "", usage)
        known = [form for form, value in self.options.values() if value]
        known += ["--" + name for name, (_, value) in self.options.items() if value]
        operands, before = [], ""
        for word in usage.split():
            if not word.startswith("-") and before not in known:
                operands.append(word if word.islower() else
                                sample(self.name, word.replace("...", ""), object_name))
            before = word
        # A verb goes before the options.
        verb = operands[:1] if usage[:1].islower() else []
        words[1:1] = verb
        words += operands[len(verb):]
        return words + (["--", "true"] if "COMMAND" in given else [])


def sample(tool, name, object_name):
    if name in ("NAME", "QUEUE"):
        return object_name
    for line in pathlib.Path("completions/values").read_text().splitlines():
        words = line.split()
        if words[:1] == [name] and words[1] in (tool, "*") and words[2][0] != "@":
            return words[2]
    return SAMPLES.get(name, "1")


def read_rules(text):
    """The rules of a source, each with one condition: KIND is the member that sets it."""
    table = re.search(r"struct option_rule \w+\[\] = \{(.*?)\n\};", text, re.S)
    rules = []
    for body in re.findall(r"\{((?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*)\}", table.group(1) if table else ""):
        members = {}
        for name, strings, word in re.findall(
                r"(?:\.(\w+)\s*=\s*)?(?:((?:\"(?:[^\"\\]|\\.)*\"\s*)+)|([A-Z][A-Z_ |]+))", body):
            value = "".join(re.findall(r"\"((?:[^\"\\]|\\.)*)\"", strings)) if strings else word
            members[name or "option"] = value.replace('\\"', '"')
        for kind in ("only_one", "with", "without", "only", "family"):
            if kind in members:
                names = members[kind].split()
                if kind == "family":
                    names = ["System V" if names == ["OBJECT_NAME_SYSV"] else "POSIX"]
                rules.append({"kind": kind, "names": names, "option": members.get("option"),
                              "because": members.get("because")})
    return rules


def name_of(rule):
    return "%s%s of %s" % (rule["option"] + ": " if rule["option"] else "", rule["kind"],
                           " ".join(rule["names"]) or "nothing")


def print_cases(tool):
    for rule in tool.rules:
        needed = [[rule["option"]]]
        if rule["kind"] == "only_one":
            needed = map(list, itertools.combinations(rule["names"], 2))
        elif rule["kind"] == "without":
            needed = [[rule["option"], name] for name in rule["names"]]
        for options in needed:
            case = None if tool.unknown_names(rule) else tool.smallest_break(rule, options)
            message = tool.refusal(rule, *case) if case else "no command line breaks this rule"
            words = tool.command_line(*case) if case else ["false"]
            print(tool.name, name_of(rule), message, " ".join(map(shlex.quote, words)), sep="\t")


class Page:
    """What the page of TOOL tells of its options: paragraphs, and the alternatives of SYNOPSIS."""

    def __init__(self, tool):
        self.path = pathlib.Path("man", tool.name + ".1.scd")
        text = self.path.read_text()
        self.texts = {}
        entries = re.findall(r"^(\*-.*)\n((?:\t.*\n)+(?:\n\t.*\n(?:\t.*\n)*)*)", text, re.M)
        for heading, paragraph in entries:
            for form in re.findall(r"\*(--?[\w-]+)\*", heading):
                self.texts[form] = paragraph
        self.usages = re.search(r"^# SYNOPSIS\n(.*?)^# ", text, re.S | re.M).group(1)
        self.usages = re.sub(r"[*_\\]", "", self.usages).splitlines()

    def forms(self, tool, name):
        return {"COMMAND"} if name == "COMMAND" else {tool.form(name), "--" + name}

    def names(self, tool, option, other):
        """Whether the paragraph of OPTION names the option OTHER."""
        text = self.texts.get(tool.form(option), "")
        if other == "COMMAND":
            return "COMMAND" in text
        bold = " ".join(re.findall(r"\*([^*\n]+)\*", text)).split()
        return not self.forms(tool, other).isdisjoint(bold)

    def sets_apart(self, tool, one, other):
        """Whether SYNOPSIS has both, and never together but as `-a | -b`."""
        seen = set()
        for line in self.usages:
            words = re.sub(r"(?<!\S)(\[?)-(\w\w+)", lambda found: found[1] + " ".join(
                "-" + letter for letter in found[2]), line)
            places = {}
            for name in (one, other):
                for form in self.forms(tool, name):
                    found = re.search(r"(?<![\w-])%s(?![\w-])" % re.escape(form), words)
                    if found:
                        places[name] = found.start()
            seen.update(places)
            if len(places) == 2:
                low, high = sorted(places.values())
                between = words[low:high]
                if "|" not in between or "[" in between:
                    return False
        return seen == {one, other}


def check_page(tool):
    page = Page(tool)
    for rule in tool.rules:
        kind, option = rule["kind"], rule["option"]
        unknown = tool.unknown_names(rule)
        if unknown:
            print("cmd/%s.c: a rule names %s, which is no option" % (tool.name, ", ".join(unknown)))
        elif kind == "with":
            for other in rule["names"]:
                if option != "COMMAND" and not page.names(tool, option, other):
                    print("%s: %s: does not name %s, which it needs"
                          % (page.path, tool.form(option), tool.form(other)))
        elif kind == "family":
            if rule["names"][0] not in page.texts.get(tool.form(option), ""):
                print("%s: %s: does not say %s" % (page.path, tool.form(option), rule["names"][0]))
        elif kind in ("without", "only_one"):
            pairs = (itertools.combinations(rule["names"], 2) if kind == "only_one"
                     else [(option, other) for other in rule["names"]])
            for one, other in pairs:
                if not (page.names(tool, one, other) or page.names(tool, other, one)
                        or page.sets_apart(tool, one, other)):
                    print("%s: %s: neither it nor %s says that they exclude each other"
                          % (page.path, tool.form(one), tool.form(other)))


def main():
    command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for source in sorted(pathlib.Path("cmd").glob("*.c")):
        # lint finds by itself what is not there
        page = pathlib.Path("man", source.stem + ".1.scd")
        if command == "pages" and not (page.exists() and (folder / source.stem).exists()):
            continue
        tool = Tool(source, folder)
        if command == "cases":
            print_cases(tool)
        elif tool.rules:
            check_page(tool)


main()
