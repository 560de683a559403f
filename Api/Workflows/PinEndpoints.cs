using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Workflows;

/// <summary>
/// Outputs that tests take instead of executing nodes: one set for each workflow, shared by all who edit it. A node
/// need not be there: an editor pins before anything is saved.
/// </summary>
internal static class PinEndpoints
{
    public static void MapPins(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/workflows/{workflowId:guid}/pins").WithTags("Workflows");
        group.MapGet("", GetAsync).Requires(Permission.WorkflowsRead)
            .WithSummary("Get the outputs that tests of a workflow take instead of executing nodes");
        group.MapPut("", PutAsync).Requires(Permission.WorkflowsWrite)
            .WithMetadata(new BodyLimit(Limits.WorkingCopyBodyBytes))
            .WithSummary("Replace the outputs that tests of a workflow take instead of executing nodes");
    }

    /// <summary>What is wrong with outputs that are to stand in for nodes; null when nothing is.</summary>
    public static Problem? Check(IReadOnlyDictionary<string, JsonElement> pins)
    {
        var checks = new Checks();
        var total = 0L;
        foreach (var (node, output) in pins)
        {
            var bytes = Encoding.UTF8.GetByteCount(output.GetRawText());
            total += bytes + node.Length;
            if (node.Length is 0 or > Engine.Limits.NodeIdLength)
            {
                checks.Add("pins", "NODE", $"The id of a node has 1 to {Engine.Limits.NodeIdLength} characters.");
            }
            else if (bytes > Engine.Limits.StepOutputBytes)
            {
                checks.Add(
                    Checks.Member("pins", node), "TOO_LARGE",
                    $"An output has {bytes} bytes; at most {Engine.Limits.StepOutputBytes} are allowed.");
            }
        }

        return total <= Limits.PinsBytes
            ? checks.Problem
            : new Problem(Errors.PayloadTooLarge, $"Pins have together at most {Limits.PinsBytes} bytes.");
    }

    private static async Task<ApiResponse<PinsView>> GetAsync(
        Guid workflowId, ApiRequest request, CancellationToken cancellationToken)
    {
        if (!await request.Db.Workflows.AnyAsync(row => row.Id == workflowId, cancellationToken))
        {
            return new Problem(Errors.WorkflowNotFound);
        }

        var kept = await request.Db.WorkflowPins.AsNoTracking()
            .SingleOrDefaultAsync(row => row.WorkflowId == workflowId, cancellationToken);
        return View(kept ?? Nothing(request, workflowId));
    }

    private static async Task<ApiResponse<PinsView>> PutAsync(
        Guid workflowId, Body<PinsRequest> body, ApiRequest request)
    {
        var pins = body.Value.Pins;
        if (Check(pins) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<PinsView>(async token =>
        {
            var name = await request.Db.Workflows.Where(row => row.Id == workflowId).Select(row => row.Name)
                .SingleOrDefaultAsync(token);
            if (name is null)
            {
                return new Problem(Errors.WorkflowNotFound);
            }

            var kept = await request.Db.WorkflowPins.SingleOrDefaultAsync(row => row.WorkflowId == workflowId, token);
            var present = kept ?? Nothing(request, workflowId);
            if (request.CheckMatch(present) is { } conflict)
            {
                return conflict;
            }

            present.Pins = JsonSerializer.Serialize(pins, Envelope.Json);
            present.UpdatedBy = request.Caller.UserId;
            present.Touch(request.Now);
            if (kept is null)
            {
                request.Db.WorkflowPins.Add(present);
            }

            request.Record("workflow.pin", "workflow", workflowId, name, after: new { nodes = pins.Keys.Order() });
            return View(present);
        });
    }

    // As a row that was never changed: the first change is made on version 0.
    private static WorkflowPins Nothing(ApiRequest request, Guid workflowId) => new()
    {
        TenantId = request.Caller.TenantId, WorkflowId = workflowId, Pins = "{}", Version = 0, CreatedAt = request.Now,
    };

    private static ApiResponse<PinsView> View(WorkflowPins row) => ApiResponse<PinsView>.Ok(
        new PinsView(
            row.WorkflowId, row.Version, row.Version == 0 ? null : row.UpdatedAt, new RawJson(row.Pins)),
        row.Version);
}
