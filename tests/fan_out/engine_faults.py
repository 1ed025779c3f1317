"""Each rule of shared-out work broken in one place on purpose, and the tests that must notice.

What they would do: take half a parcel or another task's work for its own, lose an error, leave processes behind.
"""

from planting import Fault

_ENGINE, _TASK, _STORE = (f"services/fan_out/{name}.py" for name in ("engine", "task", "store"))
_SHARED = "services/retraining/shared_out.py"
_OF_ENGINE, _OF_STORE = (f"tests/fan_out/test_{name}.py" for name in ("engine", "store"))
_OF_SHARED = "tests/retraining/test_shared_out.py"

FAULTS = (
    Fault(
        "another source makes nothing",
        _TASK,
        "if errand.code is not None and errand.code != _own_code():",
        "if False:",
        f"{_OF_ENGINE} -k another_source",
    ),
    Fault(
        "a task has one thread",
        _TASK,
        "with threadpool_limits(1):",
        "with threadpool_limits(2):",
        f"{_OF_ENGINE} -k one_thread",
    ),
    Fault(
        "an error that cannot travel is told",
        _TASK,
        "if type(copied) is not type(error):",
        "if False:",
        f"{_OF_ENGINE} -k cannot_travel",
    ),
    Fault(
        "processes end with who waits for them",
        _TASK,
        "        _end_with_parent(errand.parent)",
        "        pass",
        f"{_OF_ENGINE} -k is_killed",
    ),
    Fault(
        "a task's error is raised",
        _ENGINE,
        "            raise answer.failure",
        "            continue",
        f"{_OF_ENGINE} -k what_it_was",
    ),
    Fault(
        "an error of who makes the tasks is raised",
        _ENGINE,
        "    if fault:\n        raise fault[0]",
        "    del fault",
        f"{_OF_ENGINE} -k who_makes",
    ),
    Fault(
        "a lost process is no result",
        _ENGINE,
        '            raise EngineError(f"{lost} (what is stored',
        '            return\n            raise EngineError(f"{lost} (what is stored',
        f"{_OF_ENGINE} -k process_that_dies",
    ),
    Fault(
        "the first parcel that is whole is kept",
        _STORE,
        "        if self.has(name):\n            return",
        "        if False:\n            return",
        f"{_OF_STORE} -k first_one",
    ),
    Fault(
        "a file is what its index says",
        _STORE,
        '{"size": target.stat().st_size, "sha256": _sha256(target)} != said',
        'target.stat().st_size != said["size"]',
        f"{_OF_STORE} -k damage",
    ),
    Fault(
        "half an index is none",
        _STORE,
        "        except (FileNotFoundError, ValueError):\n            return None\n        return found",
        "        except FileNotFoundError:\n            return None\n        return found",
        f"{_OF_SHARED} -k left_half",
    ),
    Fault(
        "a task's name has its data",
        _SHARED,
        """data = f"{place}/data-{snapshot['snapshot'][:_HASH_DIGITS]}\"""",
        'data = f"{place}/data"',
        f"{_OF_SHARED} -k another_name",
    ),
    Fault(
        "a task's name has its program",
        _SHARED,
        "program=program.document(),",
        "program={},",
        f"{_OF_SHARED} -k another_name",
    ),
    Fault(
        "a task's name has its checks",
        _SHARED,
        'text + (b"" if checks is None else checks.read_bytes())',
        "text",
        f"{_OF_SHARED} -k another_name",
    ),
    Fault(
        "a task that is done is not done again",
        _SHARED,
        "    if store.has(sent.made):\n        return Made(None)",
        "    if False:\n        return Made(None)",
        f"{_OF_SHARED} -k not_done_again",
    ),
    Fault(
        "what was damaged is made anew",
        _SHARED,
        "        store.remove(sent.made)  # to be made anew\n",
        "",
        f"{_OF_SHARED} -k damaged",
    ),
    Fault(
        "one market's fault ends its run alone",
        _SHARED,
        "        except Exception as error:  # noqa: BLE001 - one market's fault must not end the others' work",
        "        except ModelError as error:",
        f"{_OF_SHARED} -k fault_in_a_market",
    ),
)
