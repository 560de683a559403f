using System.Diagnostics;
using System.Text;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Executions;
using Workflows.Engine.Testing;
using Workflows.Jsonata;

namespace Workflows.Api.Expressions;

/// <summary>
/// Expressions while they are written: what they yield, and what functions there are. They are evaluated here and not
/// in the browser, so that language, limits and time zones are those that the workflow will meet. An expression that is
/// wrong is an answer, not a failure of the request.
/// </summary>
internal static class ExpressionEndpoints
{
    private static readonly TimeSpan ComeLater = TimeSpan.FromSeconds(1);

    // Fixed for the life of the process.
    private static readonly List<FunctionView> Functions = [.. JsonataFunctions.All.Select(function => new FunctionView(
        '$' + function.Name, function.Signature, function.Summary, function.MinArguments,
        function.MaxArguments == int.MaxValue ? null : function.MaxArguments))];

    public static void MapExpressions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/expressions").WithTags("Expressions").Requires(Permission.WorkflowsRead);
        group.MapPost("/evaluate", EvaluateAsync).WithMetadata(new NotRepeatable())
            .WithSummary("Say what an expression or a template yields, over data or over what a node saw");
        group.MapGet("/functions", (ApiRequest _) => (ApiResponse<List<FunctionView>>)Functions)
            .WithSummary("List the functions of expressions");
    }

    private static async Task<ApiResponse<EvaluationView>> EvaluateAsync(
        Body<EvaluateRequest> body, ApiRequest request, PastScopes scopes, CancellationToken cancellationToken)
    {
        var asked = body.Value;
        if (Check(asked) is { } problem)
        {
            return problem;
        }

        PastScope? scope = null;
        if (asked is { ExecutionId: { } execution, NodeId: { } node })
        {
            if (!request.Caller.May(Permission.ExecutionsRead))
            {
                return new Problem(
                    Errors.Forbidden, "What executions saw needs the permission 'executions.read'.",
                    [new ErrorDetail("", "PERMISSION", "executions.read")]);
            }

            var place = new StepPlace(execution, node, asked.Iteration ?? "", asked.Attempt);
            (scope, var missing) = await scopes.FindAsync(request, place, cancellationToken);
            if (missing is not null)
            {
                return missing;
            }
        }

        try
        {
            using var turn = await EvaluationTurns.OfProcess.EnterAsync(request.Caller.TenantId, cancellationToken);
            using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            time.CancelAfter(Limits.TrialTime);
            return await Task.Run(() => Evaluate(asked, scope, request.Now, time.Token), cancellationToken);
        }
        catch (EvaluationBusyException exception)
        {
            return new Problem(Errors.Overloaded, exception.Message, retryAfter: ComeLater);
        }
    }

    private static EvaluationView Evaluate(
        EvaluateRequest asked, PastScope? scope, DateTimeOffset now, CancellationToken timeOver)
    {
        var began = Stopwatch.GetTimestamp();
        var result = asked.Expression is { } expression
            ? ExpressionTrial.Evaluate(expression, asked.Data, scope, now, timeOver)
            : ExpressionTrial.Render(asked.Template!.Value, asked.Data, scope, now, timeOver);
        var error = result.Error is { } wrong
            ? new EvaluationErrorView(
                wrong.Code, wrong.Message, wrong.Position, wrong.Start, wrong.Pointer ?? "", wrong.Token,
                wrong.Suggestion)
            : null;
        return new EvaluationView(
            result.Type, result.Value.IsEmpty ? null : new RawJson(Encoding.UTF8.GetString(result.Value.Span)), error,
            Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    private static Problem? Check(EvaluateRequest asked)
    {
        var checks = new Checks();
        if ((asked.Expression is null) == (asked.Template is null))
        {
            checks.Add("expression", "EITHER", "Give either an expression or a template.");
        }

        if (asked.Data is not null && asked.ExecutionId is not null)
        {
            checks.Add("data", "EITHER", "Give either data or an execution with a node.");
        }

        if ((asked.ExecutionId is null) != (asked.NodeId is null))
        {
            checks.Add("nodeId", "REQUIRED", "An execution and a node of it go together.");
        }

        if (asked.NodeId is null && (asked.Iteration is not null || asked.Attempt is not null))
        {
            checks.Add("nodeId", "REQUIRED", "An iteration or an attempt is one of a node.");
        }

        if (asked.NodeId is { Length: 0 or > Engine.Limits.NodeIdLength })
        {
            checks.Add("nodeId", "VALUE", $"The id of a node has 1 to {Engine.Limits.NodeIdLength} characters.");
        }

        return checks.Text("iteration", asked.Iteration, Limits.IterationLength).Problem;
    }
}
