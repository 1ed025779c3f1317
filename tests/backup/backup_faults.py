"""Each rule of backup and restore broken in one place on purpose, and the tests that must notice.

What they would do: lose what was acknowledged, pass half a copy or a damaged one off as whole, write over a home, or
give somebody else the diners' data.
"""

from planting import Fault

_HOME, _DATABASES = "services/backup/home.py", "services/backup/databases.py"
_HERE, _KILLED = "tests/backup/test_backup.py", "tests/backup/test_killed_backups.py"

FAULTS = (
    Fault(
        "the log beside the file is copied too",
        _DATABASES,
        "            reader.backup(writer, pages=-1)",
        "            shutil.copyfile(source, target)",
        f"{_HERE} -k beside_the_file",
    ),
    Fault(
        "a damaged database is no backup",
        _DATABASES,
        'if found != "ok":',
        'if found == "damaged":',
        f"{_HERE} -k passed_off",
    ),
    Fault(
        "what the copy names is copied",
        _HOME,
        "        dump(url, aside / FILE[kind_of(url)])\n"
        "        # Named after the copy was made: these are at least the versions that the copy names.\n"
        "        known = _versions(settings)\n",
        "        known = _versions(settings)\n        dump(url, aside / FILE[kind_of(url)])\n",
        f"{_HERE} -k registered_meanwhile",
    ),
    Fault(
        "a copy is held against its sums",
        _HOME,
        'if _digest(source / name) != known["sha256"]:',
        'if (source / name).stat().st_size != known["bytes"]:',
        f"{_HERE} -k damaged_backup",
    ),
    Fault(
        "nothing but what was copied is restored",
        _HOME,
        "for name in sorted(there ^ files.keys()):",
        "for name in sorted(files.keys() - there):",
        f"{_HERE} -k damaged_backup",
    ),
    Fault(
        "a home in use is not written over",
        _HOME,
        "if home.exists() and any(path.name != _VOLUMES_OWN for path in home.iterdir()):",
        "if False:",
        f"{_HERE} -k written_over",
    ),
    Fault(
        "a database in use is not written over",
        _HOME,
        "            if has_tables(engine):",
        "            if False:",
        f"{_HERE} -k own_tools",
    ),
    Fault(
        "a copy comes into its place in one piece",
        _HOME,
        'aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")',
        "aside = target",
        f"{_KILLED} -k killed_backup",
    ),
    Fault(
        "the database comes into its place last",
        _HOME,
        "key=lambda path: _holds(home / path.name, file)",
        "key=lambda path: not _holds(home / path.name, file)",
        f"{_HERE} -k place_last",
    ),
    Fault(
        "copies are the owner's alone",
        _HOME,
        "os.O_WRONLY | os.O_CREAT, 0o600)",
        "os.O_WRONLY | os.O_CREAT, 0o644)",
        f"{_HERE} -k owners_alone",
    ),
    Fault(
        "without secrets there are none",
        _HOME,
        "if with_secrets and file.exists():",
        "if file.exists():",
        f"{_HERE} -k without_secrets",
    ),
    Fault(
        "artifacts are those of the new home",
        _HOME,
        "        _lead_home(filled, home, source / _HOME)",
        "        _lead_home(filled, aside, source / _HOME)",
        f"{_HERE} -k lead_into",
    ),
    Fault(
        "runs that were under way begin anew",
        _HOME,
        "            _begin_runs_anew(connection)",
        "            pass",
        f"{_HERE} -k begins_anew",
    ),
)
