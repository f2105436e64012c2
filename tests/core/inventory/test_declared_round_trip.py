"""Whatever can be declared can be written as YAML and read back as the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.inventory.declared.fleet import Fleet
from fleetctl.core.inventory.declared.quantities import Declared
from fleetctl.core.inventory.declared.site import Site
from fleetctl.core.inventory.write import to_yaml
from tests.builders.inventories import document

labels = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\Z")
ids = st.from_regex(r"\A[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?\Z")
macs = st.from_regex(r"\A[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z") | st.from_regex(r"\A[0-9]{12}\Z")
addresses = st.ip_addresses().map(str)
watts = st.floats(0, 1e7) | st.integers(0, 10**7)
positive = st.floats(0.001, 1e6)
times = st.times().map(lambda at: at.strftime("%H:%M"))
text = st.text(max_size=20)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def some(keys: st.SearchStrategy[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(keys, values, max_size=3)


ssh = optional(user=st.sampled_from(["root", "fleet"]), port=st.integers(1, 65535), become=st.booleans())
settings = {
    "model": ids,
    "channel": ids,
    "ssh": ssh,
    "labels": some(ids, text),
}
heating = {
    "heat": optional(min_setpoint_c=st.floats(5, 30), watchdog_s=st.integers(1, 3600), max_power_w=watts),
    "compute": optional(platform=st.just("slurm"), cpus=st.integers(0, 99)),
}
machine = {"serial": ids, "mac": macs, **settings}
radiators = st.fixed_dictionaries({"dwelling": ids, "address": addresses}, optional={"room": ids, **machine, **heating})
gateways = st.fixed_dictionaries(
    {"building": ids, "address": addresses},
    optional={"uplink_address": addresses, "dial": st.lists(text, max_size=3), **machine},
)
dwellings = st.fixed_dictionaries(
    {"area_m2": positive, "heat_loss_w_k": positive, "capacity_kj_k": positive},
    optional={"rooms": some(ids, positive), "never": st.booleans(), "quiet_hours": times.map(lambda at: f"{at}-{at}")},
)
loops = st.fixed_dictionaries(
    {"volume_l": watts, "demand_w": watts},
    optional={"disinfection": st.sampled_from(["continuous-55", "daily-60"]), "disinfection_at": times},
)
sites = st.fixed_dictionaries(
    {"subscribed_power_w": positive},
    optional={
        "title": text,
        "gateways": some(labels, gateways),
        "dwellings": some(ids, dwellings),
        "loops": some(ids, loops),
        "radiators": some(labels, radiators),
        "defaults": optional(radiator=optional(**settings, **heating)),
        "ssh": ssh,
    },
)
waves = st.fixed_dictionaries(
    {"name": ids},
    optional={"units": st.integers(1, 99), "percent": st.floats(0.1, 100), "select": text, "approve": st.booleans()},
)
windows = st.fixed_dictionaries(
    {"days": st.lists(st.sampled_from(["mon", "tue-fri", "sat-sun"]), min_size=1), "opens": times, "closes": times}
)
days = st.dates().map(str)
policies = optional(
    max_failed=st.integers(0, 99),
    max_failed_percent=st.floats(0.1, 100),
    waves=st.lists(waves, max_size=5),
    windows=st.lists(windows, max_size=3),
    freeze=st.lists(st.fixed_dictionaries({"first": days, "last": days}, optional={"reason": text}), max_size=3),
    max_unavailable=optional(site=st.integers(0, 9), dwelling=st.integers(0, 9)),
    guard=optional(floor_c=st.floats(5, 25)),
)
fleets = st.fixed_dictionaries(
    {"api": st.just("fleetctl/v1"), "name": labels},
    optional={
        "channels": some(ids, ids),
        "policies": some(ids, policies),
        "secrets": some(
            ids, st.fixed_dictionaries({"backend": st.sampled_from(["env", "age"]), "locator": text, "version": ids})
        ),
    },
)


def again(model: type[Declared], declared: Declared) -> Declared:
    read_in = document(to_yaml(declared.model_dump(exclude_none=True)))
    assert read_in.problems == ()
    return model.model_validate(read_in.data)


@given(sites)
def test_a_site_is_read_back_as_it_was_declared(data: dict[str, Any]) -> None:
    declared = Site.model_validate(data)
    assert again(Site, declared) == declared


@given(fleets)
def test_a_fleet_is_read_back_as_it_was_declared(data: dict[str, Any]) -> None:
    declared = Fleet.model_validate(data)
    assert again(Fleet, declared) == declared
