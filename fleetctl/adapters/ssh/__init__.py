"""SSH, twice from one `Route`: paramiko for probes and single commands, a generated configuration for OpenSSH."""

import sys
from types import ModuleType
from typing import cast

# paramiko imports it for one keyword of an ssh_config, which it never reads here; that takes 7 MB of a probing process.
cast("dict[str, ModuleType | None]", sys.modules).setdefault("invoke", None)
