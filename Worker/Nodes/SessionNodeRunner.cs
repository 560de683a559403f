using System.Text.Json;
using Workflows.Data.Sessions;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>Sessions for <c>sessionRead</c>, <c>sessionWrite</c> and <c>sessionEnd</c> nodes. Each is the same when it is repeated.</summary>
internal sealed class SessionNodeRunner(string type, SessionStore sessions) : INodeRunner
{
    public string Type => type;

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) => ConnectorAccess.GuardAsync(async () =>
    {
        var parameters = new RenderedCall(call);
        var id = parameters.RequiredText("session");
        try
        {
            return type switch
            {
                "sessionRead" => Output(await sessions.ReadAsync(call.TenantId, id)),
                "sessionWrite" => Output(await sessions.WriteAsync(call.TenantId, id, "workflow", null, Data(parameters))),
                _ => await EndAsync(call.TenantId, id),
            };
        }
        catch (SessionsUnavailableException exception)
        {
            return ConnectorAccess.Failed("SESSION_UNAVAILABLE", exception.Message, isTransient: true);
        }
        catch (SessionLimitException exception)
        {
            return ConnectorAccess.Failed("SESSION_LIMIT", exception.Message, isTransient: false);
        }
    });

    private async Task<NodeResult> EndAsync(Guid tenantId, string id)
    {
        await sessions.EndAsync(tenantId, id);
        return Output(null);
    }

    private static JsonElement Data(RenderedCall parameters)
    {
        var data = parameters.Json("data");
        return data.ValueKind == JsonValueKind.Object && data.GetRawText().Length <= Limits.SessionDataLength
            ? data
            : throw RenderedCall.Invalid($"'data' must be an object of at most {Limits.SessionDataLength} characters.");
    }

    private static NodeResult Output(Session? session) => session is null
        ? new NodeResult.Success("main", "null"u8.ToArray())
        : ConnectorAccess.Success(writer =>
        {
            writer.WriteString("id", session.Id);
            writer.WriteString("type", session.Type);
            writer.WriteString("msisdn", session.Msisdn);
            writer.WritePropertyName("data");
            writer.WriteRawValue(session.Data, skipInputValidation: true);
        });
}
