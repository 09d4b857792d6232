import pytest

from antiphon.errors import ModelError, OptionError
from antiphon.studio.options import StudioOptions
from antiphon.studio.shelf import Shelf


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "localhost", "::1"])
def test_loopback_needs_no_token(host):
    assert StudioOptions(host=host).token == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "studio.example", "localhost.example"])
def test_any_other_host_needs_one(host):
    with pytest.raises(OptionError, match="--token"):
        StudioOptions(host=host)
    assert StudioOptions(host=host, token="k" * 16).host == host


@pytest.mark.parametrize("options", [{"port": -1}, {"port": 65536}, {"token": "short"}, {"workers": 65}])
def test_what_cannot_be(options):
    with pytest.raises(OptionError):
        StudioOptions(**options)


def test_the_shelf_knows_names_only(tmp_path):
    shelf = Shelf("piano")
    folder = str(shelf.path(None))
    for name in (folder, f"../{shelf.path(None).name}", "/etc/passwd", ""):
        with pytest.raises(ModelError):
            shelf.path(name)


def test_a_folder_of_ones_own_goes_on_the_shelf_by_its_name():
    folder = Shelf("piano").path(None)
    assert Shelf(str(folder)).default == "piano"
