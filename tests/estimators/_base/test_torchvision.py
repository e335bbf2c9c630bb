"""A torchvision that cannot be imported is named, with what to install; other errors stay."""

import sys
from types import ModuleType

import pytest

from skdl.estimators._base._torchvision import torchvision_explained


def fail(error):
    with torchvision_explained("backbone='resnet18'"):
        raise error


@pytest.fixture
def put(monkeypatch, tmp_path):
    """Make a torchvision whose import runs a line."""

    def put_torchvision(line):
        (tmp_path / "torchvision").mkdir()
        (tmp_path / "torchvision" / "__init__.py").write_text(line)
        monkeypatch.delitem(sys.modules, "torchvision", raising=False)
        monkeypatch.syspath_prepend(tmp_path)

    return put_torchvision


@pytest.mark.parametrize("error", [RuntimeError, ImportError, OSError, AttributeError, NameError])
def test_a_broken_one_is_named(put, error):
    put(f"raise {error.__name__}('operator torchvision::nms does not exist')")
    with pytest.raises(ImportError, match=r"resnet18.* torchvision .* install .*torch") as caught:
        fail(ModuleNotFoundError("Could not import module 'BertModel'"))
    assert "nms does not exist" in str(caught.value)
    assert "BertModel" in str(caught.value.__cause__)


def test_one_that_lacks_a_package_is_broken(put):
    put("import no_such_package_of_torchvision")
    with pytest.raises(ImportError, match="no_such_package_of_torchvision"):
        fail(RuntimeError("else"))


@pytest.mark.parametrize("error", [RuntimeError("else"), ImportError("else"), KeyError("else")])
@pytest.mark.parametrize("module", [None, ModuleType("torchvision")], ids=["none", "whole"])
def test_other_errors_stay(monkeypatch, error, module):
    monkeypatch.setitem(sys.modules, "torchvision", module)
    with pytest.raises(type(error), match="else") as caught:
        fail(error)
    assert caught.value is error
