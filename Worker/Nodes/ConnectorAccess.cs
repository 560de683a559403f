using System.Security.Cryptography;
using System.Text.Json;
using Workflows.Connectors.Network;
using Workflows.Data;
using Workflows.Data.Connectors;
using Workflows.Engine.Connectors;
using Workflows.Engine.Executions;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>What runners of nodes with connectors have in common: opening one, and turning what goes wrong into step errors.</summary>
internal sealed class ConnectorAccess(ConnectorStore connectors, TimeProvider clock)
{
    private static readonly TimeSpan PauseWithoutDatabase = TimeSpan.FromMilliseconds(200);

    /// <summary>The connector, its secrets noted as nobody's to read. While the database is away no call fails for it: it waits.</summary>
    /// <exception cref="ConnectorException">It cannot be used.</exception>
    public async Task<OpenConnector> OpenAsync(NodeCall call, string name, string type, CancellationToken cancellationToken)
    {
        var connector = await PatientlyAsync(() => connectors.GetAsync(call.TenantId, name, type, cancellationToken).AsTask(), cancellationToken);
        call.Sensitive.AddRange(connector.Sensitive);
        return connector;
    }

    /// <summary>Runs one attempt; its expected failures become data.</summary>
    public static async Task<NodeResult> GuardAsync(Func<Task<NodeResult>> run)
    {
        try
        {
            return await run();
        }
        catch (ConnectorException exception)
        {
            return Failed(exception.Code, exception.Message, exception.IsTransient);
        }
        catch (CryptographicException exception)
        {
            return Failed("CONNECTOR_UNREADABLE", exception.Message, isTransient: false);
        }
        catch (AllowListException exception)
        {
            return Failed("HTTP_ALLOW_LIST", $"The tenant's httpAllow setting: {exception.Message}", isTransient: false);
        }
    }

    /// <summary>Repeats what fails because the platform's own database is away.</summary>
    public async Task<T> PatientlyAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await read();
            }
            catch (Exception exception) when (PostgresErrors.MayPass(exception))
            {
                await Task.Delay(PauseWithoutDatabase, clock, cancellationToken);
            }
        }
    }

    public static NodeResult Failed(string code, string message, bool isTransient) =>
        new NodeResult.Failure(new StepError(code, message, isTransient ? StepErrorKind.Transient : StepErrorKind.Permanent));

    public static NodeResult Success(Action<Utf8JsonWriter> members, string port = "main")
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        return new NodeResult.Success(port, buffer.ToArray());
    }
}

/// <summary>The rendered parameters of one attempt, by name.</summary>
internal readonly struct RenderedCall(NodeCall call)
{
    private readonly JsonElement _json = Engine.JsonText.ParseElement(call.Run.Parameters);

    public bool Has(string name) => Json(name).ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    /// <summary>Undefined when it was left out.</summary>
    public JsonElement Json(string name) => _json.TryGetProperty(name, out var value) ? value : default;

    /// <exception cref="ConnectorException">It is there and no text.</exception>
    public string? Text(string name) => Json(name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => throw Invalid($"'{name}' must be text."),
    };

    /// <exception cref="ConnectorException">It is not there, empty, or no text.</exception>
    public string RequiredText(string name) => Text(name) is { Length: > 0 } text ? text : throw Invalid($"'{name}' yields no text.");

    /// <exception cref="ConnectorException">It is there and no number.</exception>
    public double? Number(string name) => Json(name) switch
    {
        { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.Number } number => number.GetDouble(),
        _ => throw Invalid($"'{name}' must be a number."),
    };

    /// <summary>One text, or a list of them.</summary>
    /// <exception cref="ConnectorException">It is anything else.</exception>
    public IReadOnlyList<string> Texts(string name)
    {
        var json = Json(name);
        return json.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null => [],
            JsonValueKind.String => [json.GetString()!],
            JsonValueKind.Array when json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
                [.. json.EnumerateArray().Select(item => item.GetString()!)],
            _ => throw Invalid($"'{name}' must be text or a list of texts."),
        };
    }

    public static ConnectorException Invalid(string message) => new(StepErrorCodes.ParameterInvalid, message);
}
