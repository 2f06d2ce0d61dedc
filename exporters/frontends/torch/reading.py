"""The loop that reads a torch module: traced by `torch.fx`, node by node.

What a node stands for is the front end's own affair (`Reading.read`); a node that cannot be read
is noted, and what reads it is unknown too, so that all refusals are found at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import fx, nn

from exporters.frontends.builder import Unknown
from exporters.frontends.refusals import line
from exporters.frontends.torch.models import leaves, node_title
from onespike_lava.errors import UnsupportedError

Options = dict[str, Any]


def traced(module: nn.Module, tracer: fx.Tracer, title: str, way: str) -> fx.Graph:
    """The module's trace; `UnsupportedError` with a `way` out where there is none."""
    try:
        return tracer.trace(module)
    except Exception as error:  # whatever the model's own code raises on symbols
        raise UnsupportedError(
            f"{title}: torch.fx cannot follow its forward ({line(error)}); {way}"
        ) from error
    finally:  # a function within `trace` holds the tracer, and with it the module, in a circle
        vars(tracer).clear()


def answering(module: nn.Module, title: str) -> Callable[..., Any]:
    """The module, to be called after its trace: `UnsupportedError` where it fails then."""

    def answer(*inputs: Any) -> Any:
        try:
            return module(*inputs)
        except Exception as error:  # of symbols of the trace that it has kept
            raise UnsupportedError(
                f"{title}: its forward fails after torch.fx has followed it ({line(error)}); if "
                "it keeps values of one call for the next, compute them in __init__ or in each call"
            ) from error

    return answer


class Reading:
    """A walk over a trace; `values` holds what each of its nodes stands for.

    modules : of `root`, by name
    """

    refusals: tuple[type[Exception], ...] = (TypeError, ValueError, IndexError, AttributeError)
    """What `read` may raise for a node that cannot be read."""

    def __init__(self, root: nn.Module, trace: fx.Graph) -> None:
        self.root, self.trace = root, trace
        self.modules = dict(root.named_modules(remove_duplicate=False))
        self.values: dict[fx.Node, Any] = {}

    def read(self, node: fx.Node, args: list[Any], options: Options, held: list[Any]) -> Any:
        """What a node stands for.

        args, options : its arguments, nodes among them replaced by what these stand for
        held          : all that the arguments hold
        """
        raise NotImplementedError

    def refuse(self, node: fx.Node, error: Exception, held: list[Any]) -> None:
        """Note why a node cannot be read."""
        raise NotImplementedError

    def unread(self, node: fx.Node, held: list[Any]) -> Unknown:
        """What a node stands for that reads one that cannot be read."""
        raise NotImplementedError

    def walk(self) -> Any:
        """What the module's result stands for."""
        result: Any = None
        for node in self.trace.nodes:
            if node.op == "output":
                result = self._argument(node.args[0])
            else:
                self.values[node] = self._value(node)
        return result

    def title(self, node: fx.Node) -> str:
        """What a node is, in an error's words."""
        return node_title(node, self.modules)

    def _value(self, node: fx.Node) -> Any:
        args = [self._argument(each) for each in node.args]
        options = {key: self._argument(each) for key, each in node.kwargs.items()}
        held = leaves([args, list(options.values())])
        if any(isinstance(each, Unknown) for each in held):
            return self.unread(node, held)
        try:
            return self.read(node, args, options, held)
        except self.refusals as error:
            self.refuse(node, error, held)
            return Unknown()

    def _argument(self, value: Any) -> Any:
        return fx.node.map_aggregate(
            value, lambda each: self.values[each] if isinstance(each, fx.Node) else each
        )
