"""May this bundle become a release? Every reason why not, at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fleetctl.core.inventory.fleet import Fleet, Model, Release
from fleetctl.core.names import ID, VERSION, did_you_mean
from fleetctl.core.problems import Problem
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.core.releases.manifest import Manifest

VERSION_HINT = "use letters, digits, '.', '_', '+', '~' and '-'"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle's file as it was read.

    Attributes:
        path: as the user gave it.
        size_bytes: of the file.
        sha256: of the file, in hexadecimal.
        manifest: None if it cannot be read.
        signer: whom the signing certificate names; empty if nobody signed it.
        problems: what is wrong with the file and its signature.
    """

    path: str
    size_bytes: int
    sha256: str
    manifest: Manifest | None = None
    signer: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle that somebody wants to make a release of.

    Attributes:
        bundle: the file.
        version: that it is to have; empty for the bundle's own.
        model: that it is to be for; empty for every model of its compatible string.
    """

    bundle: Bundle
    version: str = ""
    model: str = ""

    def problems(self, fleet: Fleet, catalogue: Catalogue) -> tuple[Problem, ...]:
        """Return everything that speaks against it."""
        return (*self.bundle.problems, *self._misfits(fleet, catalogue))

    def release(self, fleet: Fleet) -> Published:
        """Return the release that it becomes; it has no problem.

        Keeps what is no part of the bundle empty: channels, and whether it is withdrawn.
        """
        bundle, manifest = self.bundle, self.bundle.manifest
        assert manifest is not None  # noqa: S101 - a bundle without one has a problem
        models, component = _made_for(fleet, manifest.compatible)
        ids = tuple(sorted(model.id for model in models))
        version = self.version or manifest.version
        largest = 0 if component else max((size for _, size in manifest.images), default=0)
        return Published(
            version,
            manifest.compatible,
            models[0].kind,
            ids,
            bundle.size_bytes,
            bundle.sha256,
            image_bytes=largest,
            component=component,
        )

    def _misfits(self, fleet: Fleet, catalogue: Catalogue) -> Iterator[Problem]:
        manifest = self.bundle.manifest
        if manifest is None:
            return
        yield from self._version(manifest, catalogue)
        yield from self._models(manifest, fleet)
        yield from self._declared(manifest, fleet.releases.get(self.version or manifest.version))

    def _version(self, manifest: Manifest, catalogue: Catalogue) -> Iterator[Problem]:
        version = self.version or manifest.version
        if VERSION.fullmatch(version) is None:  # it names a file
            yield self._problem("bad-version", f"'{version}' is not a version", VERSION_HINT)
        if version != manifest.version:
            message = f"the bundle holds version '{manifest.version}', not '{version}'"
            yield self._problem("wrong-version", message, "units report the version of the bundle")
        known = catalogue.releases.get(version)
        if known and known.sha256 != self.bundle.sha256:
            hint = "give the new system a version of its own"
            yield self._problem("release-exists", f"release '{version}' is signed with another digest", hint)
        if known and known.withdrawn:
            yield self._problem("withdrawn-release", f"release '{version}' is withdrawn: {known.withdrawn}")

    def _models(self, manifest: Manifest, fleet: Fleet) -> Iterator[Problem]:
        models, component = _made_for(fleet, manifest.compatible)
        if self.model and self.model not in fleet.models:
            hint = did_you_mean(self.model, fleet.models)
            yield self._problem("unknown-model", f"the fleet has no model '{self.model}'", hint)
        elif self.model and fleet.models[self.model] not in models:
            wanted = fleet.models[self.model].compatible
            message = f"the bundle is made for '{manifest.compatible}', model '{self.model}' is '{wanted}'"
            yield self._problem("wrong-compatible", message, "choose the bundle that is made for this model")
        elif not models:
            hint = did_you_mean(manifest.compatible, {model.compatible for model in fleet.models.values()})
            message = f"the bundle is made for '{manifest.compatible}', which no model of the fleet is"
            yield self._problem("wrong-compatible", message, hint)
        if len({model.kind for model in models}) > 1:
            message = f"models of more than one kind are '{manifest.compatible}'"
            yield self._problem("ambiguous-kind", message, "give each kind a compatible string of its own")
        for model in [] if component else models:
            yield from self._sizes(manifest, model)

    def _sizes(self, manifest: Manifest, model: Model) -> Iterator[Problem]:
        slot = model.slot_size_bytes
        for name, size in manifest.images:
            if 0 < slot < size:
                message = f"image '{name}' has {size} bytes, a slot of model '{model.id}' {slot}"
                yield self._problem("bundle-too-large", message, "make the image smaller")

    def _declared(self, manifest: Manifest, declared: Release | None) -> Iterator[Problem]:
        """Hold a bundle against what `fleet.yaml` says of its version already."""
        if declared is None:
            return
        if declared.compatible != manifest.compatible:
            message = f"fleet.yaml declares it for '{declared.compatible}', the bundle is for '{manifest.compatible}'"
            yield self._problem("wrong-compatible", message)
        if declared.size_bytes and declared.size_bytes != self.bundle.size_bytes:
            cut = "truncated-bundle" if self.bundle.size_bytes < declared.size_bytes else "wrong-size"
            message = f"it has {self.bundle.size_bytes} bytes, fleet.yaml declares {declared.size_bytes}"
            yield self._problem(cut, message, "copy the file again")
        if declared.sha256 and declared.sha256.lower() != self.bundle.sha256:
            message = f"its SHA-256 is {self.bundle.sha256[:12]}…, fleet.yaml declares {declared.sha256[:12]}…"
            yield self._problem("wrong-digest", message, "copy the file again, or correct fleet.yaml")

    def _problem(self, code: str, message: str, hint: str = "") -> Problem:
        return Problem(code, message, self.bundle.path, hint=hint)


def _made_for(fleet: Fleet, compatible: str) -> tuple[list[Model], str]:
    """Return the models that a bundle is for, and the component of theirs; it is empty for a system.

    A component's compatible string is its model's, a hyphen and its name; the longest model's that fits is meant.
    """
    models = list(fleet.models.values())
    of_system = [model for model in models if model.compatible == compatible]
    if of_system:
        return of_system, ""
    stems = {model.compatible for model in models if compatible.startswith(f"{model.compatible}-")}
    stem = max(stems, key=len, default="")
    component = compatible[len(stem) + 1 :]
    if not stem or ID.fullmatch(component) is None or not component[0].isalpha():  # 'heat-qh-2' may be another model
        return [], ""
    return [model for model in models if model.compatible == stem], component
