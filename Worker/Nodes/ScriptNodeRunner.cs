using System.Collections.Concurrent;
using System.Text.Json;
using Workflows.Engine;
using Workflows.Engine.Connectors;
using Workflows.Engine.Executions;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Runs programs for <c>script</c> nodes: those that the operator allows, and no others. At least once, like every effect; the program learns the idempotency key.
/// Ends with it, and with the worker, whatever it started (<see cref="ScriptProcess"/>).
/// </summary>
internal sealed class ScriptNodeRunner(ScriptCatalogue scripts, TimeProvider clock) : INodeRunner, IDisposable
{
    private readonly ConcurrentDictionary<ScriptProcess, bool> _running = new();
    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _tenants = new();
    private readonly SemaphoreSlim _all = new(Limits.ScriptsAtOnce);

    public string Type => "script";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) => ConnectorAccess.GuardAsync(async () =>
    {
        var parameters = new RenderedCall(call);
        var name = parameters.RequiredText("script");
        var script = scripts.Find(name, call.TenantId)
            ?? throw new ConnectorException("SCRIPT_NOT_ALLOWED", $"The operator allows this tenant no script '{name}' (Worker:Scripts).");
        call.Sensitive.AddRange(script.Environment.Values);
        var input = parameters.Json("input");

        // The tenant's own places first: its flood fills those, and leaves the others to the other tenants.
        var own = _tenants.GetOrAdd(call.TenantId, _ => new SemaphoreSlim(Limits.ScriptsPerTenant));
        await own.WaitAsync(cancellationToken);
        try
        {
            await _all.WaitAsync(cancellationToken);
            try
            {
                var utf8 = input.ValueKind == JsonValueKind.Undefined ? [] : JsonText.BytesOf(input);
                return await RunAsync(name, script, call, utf8, parameters.Text("output") == "text", cancellationToken);
            }
            finally
            {
                _all.Release();
            }
        }
        finally
        {
            own.Release();
        }
    });

    /// <summary>The worker ends: no script outlives it.</summary>
    public void Dispose()
    {
        foreach (var process in _running.Keys)
        {
            process.Kill();
        }
    }

    private async Task<NodeResult> RunAsync(string name, ScriptOptions script, NodeCall call, byte[] input, bool isText, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(script.TimeoutSeconds), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        cancellationToken.ThrowIfCancellationRequested();
        using var process = ScriptProcess.Start(name, script, EnvironmentOf(call), clock);
        _running.TryAdd(process, true);
        ScriptResult result;
        try
        {
            result = await process.RunAsync(input, script.MaxOutputBytes, either.Token);
        }
        finally
        {
            _running.TryRemove(process, out _);
        }

        cancellationToken.ThrowIfCancellationRequested(); // it was killed: what it left says nothing
        if (timeout.IsCancellationRequested && result.ExitCode != 0)
        {
            return new NodeResult.Failure(new StepError(
                "TIMEOUT", $"The script '{name}' did not end within {script.TimeoutSeconds:0.###} s; the effect may have happened.", StepErrorKind.Timeout));
        }

        if (result.ExitCode == 0 && Written(result.Errors, call) is { Length: > 0 } written)
        {
            call.Notes.Add("warning", $"The script '{name}' wrote to its standard error: {written}", ("script", name));
        }

        return result switch
        {
            { IsOutputTooLarge: true } => ConnectorAccess.Failed(
                "SCRIPT_OUTPUT_TOO_LARGE", $"The script '{name}' wrote more than {script.MaxOutputBytes} bytes, and was ended.", isTransient: false),
            { ExitCode: not 0 } => ConnectorAccess.Failed(
                "SCRIPT_FAILED", $"The script '{name}' ended with {result.ExitCode}: {Errors(result.Errors, call)}", isTransient: true),
            _ when isText => new NodeResult.Success("main", JsonSerializer.SerializeToUtf8Bytes(System.Text.Encoding.UTF8.GetString(result.Output))),
            _ => Json(name, result.Output),
        };
    }

    private static (string Name, string Value)[] EnvironmentOf(NodeCall call) =>
    [
        (ScriptCatalogue.Prefix + "IDEMPOTENCY_KEY", call.Run.IdempotencyKey),
        (ScriptCatalogue.Prefix + "TENANT_ID", call.TenantId.ToString()),
        (ScriptCatalogue.Prefix + "WORKFLOW_ID", call.WorkflowId.ToString()),
        (ScriptCatalogue.Prefix + "EXECUTION_ID", call.Run.ExecutionId.ToString()),
        (ScriptCatalogue.Prefix + "NODE_ID", call.Run.NodeId),
        (ScriptCatalogue.Prefix + "ATTEMPT", FormattableString.Invariant($"{call.Run.Attempt}")),
    ];

    private static NodeResult Json(string name, byte[] output)
    {
        var json = output.AsMemory().Trim(" \t\r\n"u8);
        return json.IsEmpty ? new NodeResult.Success("main", "null"u8.ToArray())
            : JsonText.FindProblem(json.Span) is { } problem
                ? ConnectorAccess.Failed("SCRIPT_OUTPUT_INVALID", $"What the script '{name}' wrote is no JSON that can be stored: {problem}.", isTransient: false)
            : new NodeResult.Success("main", json.ToArray());
    }

    private static string Errors(ByteTail errors, NodeCall call) =>
        Written(errors, call) is { Length: > 0 } text ? text : "it wrote nothing to its standard error";

    // Masked before it is cut: of half a value the mask knows nothing.
    private static string Written(ByteTail errors, NodeCall call)
    {
        var mask = SecretMask.Of(call.Secrets.Concat(call.Sensitive));
        var text = (errors.IsCut ? mask.ApplyToEnd(errors.Text()) : mask.Apply(errors.Text())).Trim();
        return text.Length <= Limits.ScriptErrorLength ? text : "…" + text[^Limits.ScriptErrorLength..];
    }
}
