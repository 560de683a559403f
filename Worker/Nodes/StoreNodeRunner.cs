using System.Text;
using System.Text.Json;
using Workflows.Data.Context;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>Reads and changes context entries for <c>store</c> nodes. A change bears the node's idempotency key, so it is made once.</summary>
internal sealed class StoreNodeRunner(ContextStore context, ConnectorAccess access, TimeProvider clock) : INodeRunner
{
    private const string Conflict = "conflict";

    public string Type => "store";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) => ConnectorAccess.GuardAsync(async () =>
    {
        var parameters = new RenderedCall(call);
        var key = parameters.RequiredText("key");
        if (key.Length > Engine.Limits.ContextKeyLength)
        {
            throw RenderedCall.Invalid($"A key has at most {Engine.Limits.ContextKeyLength} characters.");
        }

        var operation = parameters.RequiredText("operation");
        var address = new ContextAddress(call.TenantId, call.WorkflowId, call.Run.ExecutionId, parameters.RequiredText("scope"), key);
        var result = await access.PatientlyAsync(() => ApplyAsync(operation, address, parameters, call.Run.IdempotencyKey, cancellationToken), cancellationToken);
        return result.Applied || parameters.Text("wired") == Conflict
            ? ConnectorAccess.Success(
                writer =>
                {
                    writer.WritePropertyName("value");
                    writer.WriteRawValue(operation == "delete" && result.Applied ? "null"u8 : result.Value ?? "null"u8, skipInputValidation: true);
                    writer.WriteNumber("version", operation == "delete" && result.Applied ? 0 : result.Version);
                },
                result.Applied ? "main" : Conflict)
            : ConnectorAccess.Failed("CONTEXT_CONFLICT", Explain(operation, key, result), isTransient: false);
    });

    private Task<ContextResult> ApplyAsync(
        string operation, ContextAddress address, RenderedCall parameters, string name, CancellationToken cancellationToken)
    {
        DateTimeOffset? expires = parameters.Number("expiresInSeconds") switch
        {
            null => null,
            >= 1 and <= Engine.Limits.WaitSeconds and { } seconds => clock.GetUtcNow().AddSeconds(seconds),
            _ => throw RenderedCall.Invalid($"'expiresInSeconds' lies between 1 and {Engine.Limits.WaitSeconds}."),
        };
        return operation switch
        {
            "read" => context.ReadAsync(address, cancellationToken),
            "write" => context.WriteAsync(address, name, Value(parameters), expires, cancellationToken),
            "compareAndSet" => context.CompareAndSetAsync(address, name, Version(parameters), Value(parameters), expires, cancellationToken),
            "increment" => context.IncrementAsync(address, name, By(parameters), expires, cancellationToken),
            "delete" => context.DeleteAsync(address, name, cancellationToken),
            _ => throw RenderedCall.Invalid($"'{operation}' is no operation of the context store."),
        };
    }

    private static byte[] Value(RenderedCall parameters)
    {
        var json = parameters.Json("value");
        var bytes = json.ValueKind == JsonValueKind.Undefined ? "null"u8.ToArray() : Encoding.UTF8.GetBytes(json.GetRawText());
        return bytes.Length <= Data.Limits.ContextValueBytes
            ? bytes
            : throw RenderedCall.Invalid($"A context entry has at most {Data.Limits.ContextValueBytes} bytes.");
    }

    private static int Version(RenderedCall parameters) =>
        parameters.Number("expectedVersion") is >= 0 and <= int.MaxValue and { } version && version == Math.Floor(version)
            ? (int)version
            : throw RenderedCall.Invalid("'expectedVersion' must be a whole number from 0.");

    private static byte[] By(RenderedCall parameters) =>
        parameters.Number("by") is null ? "1"u8.ToArray() : Encoding.UTF8.GetBytes(parameters.Json("by").GetRawText());

    private static string Explain(string operation, string key, ContextResult result) => operation switch
    {
        "increment" => $"The entry '{key}' is no number.",
        "delete" => $"There is no entry '{key}'.",
        _ => result.Version == 0 ? $"There is no entry '{key}' of that version." : $"The entry '{key}' has the version {result.Version}.",
    };
}
