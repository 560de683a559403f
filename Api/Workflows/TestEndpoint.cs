using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Testing;
using ExecutionPriority = Workflows.Data.Executions.ExecutionPriority;

namespace Workflows.Api.Workflows;

/// <summary>
/// Starts tests: executions of what is not published yet, by the engine and the workers that run everything else, of
/// which nothing is counted, told or left for others. The caller may edit the workflow and start executions.
/// </summary>
internal static class TestEndpoint
{
    private const string Forms = "'source' is working-copy, draft, or the number of a version.";

    public static void MapTests(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/workflows/{workflowId:guid}/test", HandleAsync).WithTags("Workflows")
            .Requires(Permission.WorkflowsWrite | Permission.ExecutionsStart)
            .WithMetadata(new SuccessStatus(StatusCodes.Status202Accepted), new BodyLimit(Limits.TestBodyBytes))
            .WithSummary("Test a definition: whole, up to a node, or one node alone; without effects unless asked for");

    private static async Task<ApiResponse<TestView>> HandleAsync(
        Guid workflowId, Body<TestRequest> body, ApiRequest request, QueueBudget budget, DispatchStreams dispatch,
        CancellationToken cancellationToken)
    {
        var asked = body.Value;
        var (tested, missing) = await FindAsync(request, workflowId, asked, cancellationToken);
        if (tested is null)
        {
            return missing!;
        }

        var (compiled, invalid) = await Definitions.CompileAsync(
            tested.Definition, tested.Pointer, request.Db, cancellationToken, tested.CustomNodes);
        if (compiled is null)
        {
            return invalid!;
        }

        var input = Encoding.UTF8.GetBytes(asked.Input?.GetRawText() ?? "{}");
        if ((CheckTarget(compiled, asked) ?? CheckPins(compiled, asked.Pins)
            ?? InputChecks.Check(compiled, input, "/input")) is { } problem)
        {
            return problem;
        }

        var (plan, tooLarge) = await PlanAsync(request, workflowId, compiled, asked, cancellationToken);
        if ((tooLarge ?? await budget.CheckAsync(request.Caller.TenantId, 1, cancellationToken)) is { } refused)
        {
            return refused;
        }

        var run = new TestRun
        {
            TenantId = request.Caller.TenantId, ExecutionId = Guid.CreateVersion7(request.Now), WorkflowId = workflowId,
            Source = tested.Source, BaseVersion = tested.BaseVersion, Definition = tested.Definition,
            CustomNodes = compiled.CustomNodes.IsEmpty ? null : Encoding.UTF8.GetString(compiled.CustomNodes.ToJson()),
            Plan = Encoding.UTF8.GetString(plan!.ToJson()), CreatedAt = request.Now,
        };
        var response = await StartAsync(request, run, asked, tested.Name, Encoding.UTF8.GetString(input));
        if (response.Data is not null && response.Replayed is null)
        {
            var key = new ExecutionKey(request.Caller.TenantId, run.ExecutionId);
            dispatch.Announce([new DispatchHint(key, ExecutionPriority.High)]);
        }
        else
        {
            budget.GiveBack(request.Caller.TenantId, 1);
        }

        return response;
    }

    private static Task<ApiResponse<TestView>> StartAsync(
        ApiRequest request, TestRun run, TestRequest asked, string name, string input) =>
        request.ChangeAsync<TestView>(async token =>
        {
            if (await request.Db.CountOpenTestsAsync(request.Now, token) >= Limits.TestsAtOnce)
            {
                return new Problem(
                    Errors.LimitReached, $"At most {Limits.TestsAtOnce} tests of a tenant run at the same time.");
            }

            request.Db.TestRuns.Add(run);
            await request.Db.AddTestExecutionAsync(run, input, request.Caller.Name, request.Now, token);
            request.Record(
                "workflow.test", "workflow", run.WorkflowId, name, null,
                new
                {
                    execution = run.ExecutionId, run.Source, run.BaseVersion, asked.UpTo, asked.Only, asked.Effects,
                });
            return ApiResponse<TestView>.Accepted(new TestView(
                run.ExecutionId, "queued", run.WorkflowId, "test", run.Source, run.BaseVersion,
                Engine.Limits.TestSeconds));
        });

    // What is tested, in the text in which it is kept.
    private static async Task<(Tested? Tested, Problem? Problem)> FindAsync(
        ApiRequest request, Guid workflowId, TestRequest asked, CancellationToken cancellationToken)
    {
        var workflow = await request.Db.Workflows.Where(row => row.Id == workflowId)
            .Select(row => new { row.Name, row.DraftVersion }).SingleOrDefaultAsync(cancellationToken);
        if (workflow is null)
        {
            return (null, new Problem(Errors.WorkflowNotFound));
        }

        if (asked.Definition is { } definition)
        {
            return asked.Source is not null
                ? (null, Problem.Invalid("/source", "Give either a definition or a source.", "EITHER"))
                : (new Tested(workflow.Name, "inline", null, definition.GetRawText(), null, "/definition"), null);
        }

        switch (asked.Source)
        {
            case { ValueKind: JsonValueKind.String } source when source.ValueEquals("working-copy"):
                var me = request.Caller.UserId;
                var copy = await request.Db.WorkingCopies.AsNoTracking()
                    .SingleOrDefaultAsync(row => row.WorkflowId == workflowId && row.UserId == me, cancellationToken);
                return copy is null
                    ? (null, new Problem(Errors.WorkingCopyNotFound))
                    : (new Tested(workflow.Name, "working-copy", copy.BaseVersion, copy.Definition, null, ""), null);
            case null:
            case { ValueKind: JsonValueKind.String } draft when draft.ValueEquals("draft"):
                return await FindVersionAsync(
                    request, workflowId, workflow.Name, "draft", workflow.DraftVersion, cancellationToken);
            case { ValueKind: JsonValueKind.Number } version when version.TryGetInt32(out var number):
                return await FindVersionAsync(
                    request, workflowId, workflow.Name, "version", number, cancellationToken);
            default:
                return (null, Problem.Invalid("/source", Forms));
        }
    }

    private static async Task<(Tested? Tested, Problem? Problem)> FindVersionAsync(
        ApiRequest request, Guid workflowId, string name, string source, int number,
        CancellationToken cancellationToken)
    {
        var version = await request.Db.WorkflowVersions
            .Where(row => row.WorkflowId == workflowId && row.Number == number)
            .Select(row => new { row.Definition, row.CustomNodes }).SingleOrDefaultAsync(cancellationToken);
        return version is null
            ? (null, new Problem(Errors.WorkflowVersionNotFound))
            : (new Tested(name, source, number, version.Definition, version.CustomNodes, ""), null);
    }

    private static Problem? CheckTarget(CompiledWorkflow workflow, TestRequest asked)
    {
        if (asked is { UpTo: not null, Only: not null })
        {
            return Problem.Invalid("/only", "Give either 'upTo' or 'only'.", "EITHER");
        }

        return (asked.UpTo ?? asked.Only) is { } target && workflow.OrdinalOf(target) < 0
            ? new Problem(
                Errors.NodeNotFound,
                target.Length <= Engine.Limits.NodeIdLength ? $"The definition has no node '{target}'." : null)
            : null;
    }

    private static Problem? CheckPins(CompiledWorkflow workflow, IReadOnlyDictionary<string, JsonElement>? pins)
    {
        if (pins is null)
        {
            return null;
        }

        var checks = new Checks();
        foreach (var node in pins.Keys.Where(node => !TestWorkflow.MayStandIn(workflow, node)))
        {
            checks.Add(
                Checks.Member("pins", node), "UNKNOWN", "The definition has no node of this id that leaves by a port.");
        }

        return checks.Problem ?? PinEndpoints.Check(pins);
    }

    // Of the stored pins those whose nodes are there: others may have been renamed since.
    private static async Task<(TestPlan? Plan, Problem? Problem)> PlanAsync(
        ApiRequest request, Guid workflowId, CompiledWorkflow workflow, TestRequest asked,
        CancellationToken cancellationToken)
    {
        var stored = await request.Db.WorkflowPins.Where(row => row.WorkflowId == workflowId).Select(row => row.Pins)
            .SingleOrDefaultAsync(cancellationToken) ?? "{}";
        using var document = JsonDocument.Parse(
            stored, new JsonDocumentOptions { MaxDepth = Engine.Limits.JsonDepth });
        var pins = new Dictionary<string, ReadOnlyMemory<byte>>(StringComparer.Ordinal);
        var known = document.RootElement.EnumerateObject().Select(pin => KeyValuePair.Create(pin.Name, pin.Value))
            .Where(pin => TestWorkflow.MayStandIn(workflow, pin.Key));
        foreach (var (node, output) in known.Concat(asked.Pins ?? new Dictionary<string, JsonElement>()))
        {
            pins[node] = Encoding.UTF8.GetBytes(output.GetRawText());
        }

        var bytes = pins.Sum(pin => (long)pin.Value.Length);
        return bytes > Limits.PinsBytes
            ? (null, new Problem(
                Errors.PayloadTooLarge,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Pins of a test have together at most {Limits.PinsBytes} bytes, not {bytes}.")))
            : (new TestPlan { UpTo = asked.UpTo, Only = asked.Only, Effects = asked.Effects, Pins = pins }, null);
    }

    /// <param name="CustomNodes">Those of a version as they were when it was saved; null = as they are.</param>
    /// <param name="Pointer">Where the definition lies in the request's body.</param>
    private sealed record Tested(
        string Name, string Source, int? BaseVersion, string Definition, string? CustomNodes, string Pointer);
}
