using System.Text.Json;
using Workflows.Data;
using Workflows.Engine;
using Workflows.Engine.Nodes;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Leaves lines in the log for <c>log</c> nodes. Guarantees: a line is there exactly when its step is, since both are
/// written by one checkpoint; a step that is run again after a crash leaves one.
/// </summary>
internal sealed class LogNodeRunner : INodeRunner
{
    public string Type => "log";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken)
    {
        using var parameters = JsonText.Parse(call.Run.Parameters);
        var wanted = parameters.RootElement;
        var level = wanted.GetProperty("level").GetString()!;
        var text = wanted.GetProperty("message").GetString()!;
        var message = text.Length > Limits.NoteLength ? StorableText.Of(text[..Limits.NoteLength]) : text;
        var data = wanted.TryGetProperty("data", out var facts) ? JsonText.BytesOf(facts) : null;
        if (data?.Length > Limits.NoteDataBytes)
        {
            data = JsonSerializer.SerializeToUtf8Bytes(new { truncated = true, bytes = data.Length });
        }

        call.Notes.AddData(level, message, data);
        return Task.FromResult<NodeResult>(new NodeResult.Success(
            NodePort.Main, JsonSerializer.SerializeToUtf8Bytes(new { level, message }, JsonText.HeldSerialization)));
    }
}
