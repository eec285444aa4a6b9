"""The launcher makes .venv once, whole or not at all, and needs no network afterwards."""

import shutil
import time

from tests.launcher.conftest import Project

NO_NETWORK = "error: failed to fetch: dns error: failed to lookup address information"


def test_the_first_start_installs_and_hands_over(project: Project) -> None:
    done = project.run("up", "--port", "0")
    assert (done.returncode, done.stdout) == (0, "ran -P -m embedded.up --port 0\n")
    assert "setting up .venv" in done.stderr
    assert project.asked[1].startswith("uv pip install")
    assert "-c constraints.txt -e .[pdf,embedded]" in project.asked[1]
    assert project.left_over() == []


def test_scripts_of_the_environment_point_to_where_it_is(project: Project) -> None:
    project.run("up")
    assert (project.venv / "bin" / "tool").read_text() == f"#!{project.venv}/bin/python\n"


def test_the_second_start_needs_no_network(project: Project) -> None:
    project.run("up")
    asked = project.asked
    project.environment["UV_SAYS"] = NO_NETWORK
    done = project.run("doctor")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran -P -m embedded.doctor\n", "")
    assert project.asked == asked


def test_no_network_at_the_first_start_leaves_nothing(project: Project) -> None:
    project.environment["UV_SAYS"] = NO_NETWORK
    nothing_else = project.program("python-without-venv", "#!/bin/sh\nexit 1\n")
    done = project.run("up", executable=nothing_else)
    assert done.returncode == 1
    assert "needs a network" in done.stderr
    assert "dns error" in done.stderr
    assert "Traceback" not in done.stderr
    assert not project.venv.exists()
    assert project.left_over() == []
    project.environment.clear()
    assert project.run("up").returncode == 0


def test_without_uv_the_standard_library_makes_the_environment(project: Project) -> None:
    (project.stubs / "uv").unlink()
    python = project.program(
        "standard-python",
        '#!/bin/sh\necho "python $*" >>"$LOG"\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$STUBS/environment-python" "$3/bin/python"; fi\n',
    )
    done = project.run("up", executable=python)
    assert done.stdout == "ran -P -m embedded.up\n"
    assert f"python -m venv {project.root}/.venv.new" in project.asked


def test_uv_that_fails_is_replaced_by_pip(project: Project) -> None:
    project.environment["UV_SAYS"] = "uv is broken"
    python = project.program(
        "standard-python",
        '#!/bin/sh\nif [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$STUBS/environment-python" "$3/bin/python"; fi\n',
    )
    done = project.run("up", executable=python)
    assert "trying pip" in done.stderr
    assert done.stdout == "ran -P -m embedded.up\n"


def test_a_python_without_venv_names_the_package(project: Project) -> None:
    (project.stubs / "uv").unlink()
    python = project.program(
        "debian-python", '#!/bin/sh\ncase "$*" in *ensurepip*|*virtualenv*) echo No module; exit 1 ;; esac\n'
    )
    done = project.run("up", version=(3, 12, 1), executable=python)
    assert done.returncode == 1
    assert "apt install python3.12-venv" in done.stderr
    assert not project.venv.exists()


def test_virtualenv_helps_out_where_ensurepip_is_missing(project: Project) -> None:
    (project.stubs / "uv").unlink()
    python = project.program(
        "debian-python",
        '#!/bin/sh\ncase "$*" in\n*ensurepip*) exit 1 ;;\n"-m virtualenv --quiet "*)\n'
        '    mkdir -p "$4/bin"; cp "$STUBS/environment-python" "$4/bin/python" ;;\nesac\n',
    )
    assert project.run("up", executable=python).stdout == "ran -P -m embedded.up\n"


def test_a_killed_set_up_is_repaired(project: Project) -> None:
    """The installer lives on without its launcher; the next one waits for it, so that the two don't meet."""
    project.environment["UV_WAITS_FOR"] = str(project.stubs / "go-on")
    killed = project.start("up")
    _wait_for_line(project, 1)
    killed.kill()
    killed.wait()
    second = project.start("up")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    (project.stubs / "go-on").touch()
    assert second.communicate(timeout=30)[0] == "ran -P -m embedded.up\n"
    killed.communicate()
    assert len([line for line in project.asked if line.startswith("uv venv")]) == 2
    assert project.left_over() == []


def test_an_environment_that_was_never_finished_is_made_anew(project: Project) -> None:
    (project.venv / "bin").mkdir(parents=True)
    (project.venv / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    assert project.run("up").stdout == "ran -P -m embedded.up\n"


def test_two_at_once_set_up_once(project: Project) -> None:
    project.environment["UV_WAITS_FOR"] = str(project.stubs / "go-on")
    first = project.start("up")
    _wait_for_line(project, 1)
    second = project.start("doctor")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    (project.stubs / "go-on").touch()
    assert first.communicate(timeout=30)[0] == "ran -P -m embedded.up\n"
    assert second.communicate(timeout=30)[0] == "ran -P -m embedded.doctor\n"
    assert len([line for line in project.asked if line.startswith("uv venv")]) == 1


def test_a_changed_pin_is_installed(project: Project) -> None:
    project.run("up")
    (project.root / "constraints.txt").write_text("flask==3.1.4\n")
    done = project.run("up")
    assert "setting up .venv" in done.stderr
    assert len(project.asked) == 4


def test_a_changed_pin_without_network_keeps_the_old_environment(project: Project) -> None:
    project.run("up")
    (project.root / "constraints.txt").write_text("flask==3.1.4\n")
    project.environment["UV_SAYS"] = NO_NETWORK
    nothing_else = project.program("python-without-venv", "#!/bin/sh\nexit 1\n")
    done = project.run("up", executable=nothing_else)
    assert done.returncode == 1
    assert (project.venv / "bin" / "python").exists()
    (project.root / "constraints.txt").write_text("flask==3.1.3\n")
    assert project.run("up").stdout == "ran -P -m embedded.up\n"


def test_a_moved_project_is_set_up_again(project: Project) -> None:
    """The environment holds the project's path."""
    project.run("up")
    moved = project.root.with_name("moved")
    shutil.move(project.root, moved)
    project.root = moved
    assert "setting up .venv" in project.run("up").stderr


def test_development_tools_are_added_when_wanted(project: Project) -> None:
    project.run("up")
    done = project.run("test", "-q")
    assert done.stdout == "ran -P -m tools.run_tests -q\n"
    assert "adding the development tools" in done.stderr
    assert project.asked[-1].endswith("-e .[pdf,embedded,dev,browser]")
    assert len([line for line in project.asked if line.startswith("uv venv")]) == 1
    assert project.run("up").stderr == ""


def test_tools_that_cannot_be_added_leave_the_product_running(project: Project) -> None:
    project.run("up")
    project.environment["UV_SAYS"] = NO_NETWORK
    assert project.run("test").returncode == 1
    assert project.run("up").stdout == "ran -P -m embedded.up\n"


def _wait_for_line(project: Project, count: int) -> None:
    end = time.monotonic() + 20
    while len(project.asked) < count:
        assert time.monotonic() < end, "the installer was not started"
        time.sleep(0.01)
