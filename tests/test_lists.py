import shutil

import pytest
from tests.conftest import PROJECT

from analysis.errors import UserError
from analysis.lists import make_list


def test_without_a_table_of_consents_no_list_is_written(project):
    project.add()
    project.prepare()
    shutil.copytree(PROJECT / "notebooks", project.root / "notebooks")
    shutil.copy(PROJECT / "reports.yaml", project.root)
    with pytest.raises(UserError, match="brings no consents"):
        make_list("mybank")
    assert not (project.processed() / "lists").exists()
