using System.Text;
using Workflows.Api.Http;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Testing;

namespace Workflows.Api.Executions;

/// <summary>Answers that somebody gives for nodes of a rerun.</summary>
internal static class RerunOverrides
{
    /// <summary>The steps that they become; a problem with all that is wrong.</summary>
    /// <param name="round">The round in which the rerun begins; null = it begins in none.</param>
    public static (IReadOnlyList<GivenStep> Given, Problem? Problem) Read(
        CompiledWorkflow workflow, RerunRequest asked, RoundRerun? round)
    {
        var given = new List<GivenStep>();
        var checks = new Checks();
        var total = 0L;
        foreach (var (node, value) in asked.Overrides ?? new Dictionary<string, System.Text.Json.JsonElement>())
        {
            var output = value.GetRawText();
            var bytes = Encoding.UTF8.GetBytes(output);
            total += bytes.Length;
            var place = Checks.Member("overrides", node);
            var iteration = round is null ? AtTop(workflow, node) : round.IterationOf(workflow, node);
            if (TestWorkflow.PortFor(workflow, node, bytes) is not { } port)
            {
                checks.Add(place, "UNKNOWN", "The version has no node of this id that leaves by a port.");
            }
            else if (node == asked.FromNode)
            {
                checks.Add(place, "BEGINS", "The rerun begins at this node: it runs.");
            }
            else if (iteration is null)
            {
                checks.Add(
                    place, "ITERATION",
                    "The node stands in a loop, and not beside the node and iteration to begin at.");
            }
            else if (bytes.Length > Engine.Limits.StepOutputBytes)
            {
                checks.Add(
                    place, "TOO_LARGE", $"An output has at most {Engine.Limits.StepOutputBytes} bytes.");
            }
            else
            {
                var type = workflow.Nodes[workflow.OrdinalOf(node)].Definition.Type;
                given.Add(new GivenStep(node, type, iteration, port, output));
            }
        }

        return checks.Problem is { } problem ? ([], problem)
            : total > Limits.PinsBytes
                ? ([], new Problem(
                    Errors.PayloadTooLarge, $"Overrides have together at most {Limits.PinsBytes} bytes."))
                : (given, null);
    }

    private static string? AtTop(CompiledWorkflow workflow, string node) =>
        workflow.Definition.Nodes.Any(known => known.Id == node) ? "" : null;
}
