using System.Text.Json;
using Workflows.Data;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;
using Workflows.Worker.Execution;

namespace Workflows.Worker.Nodes;

/// <summary>
/// What a runner leaves in the log of its execution: what a person who looks for a fault wants to know and the step
/// does not tell. At most
/// <see cref="Limits.NotesPerCall"/> for each attempt and <see cref="Limits.NotesPerStay"/> for an execution on one
/// worker; what is beyond
/// is left out. The rows become durable with the step, in its checkpoint: a note without its step, or a round trip of
/// its own, is never.
/// </summary>
internal sealed class NodeNotes
{
    private readonly List<(string Level, string Message, (string Name, string Value)[] Details)> _notes = [];

    /// <summary>Leaves a line. Secrets of the execution and of the call are masked in all of it.</summary>
    /// <param name="level">debug, info, warning or error.</param>
    /// <param name="message">A sentence; what is beyond <see cref="Limits.NoteLength"/> characters is cut.</param>
    /// <param name="details">Facts by their names, for programs.</param>
    public void Add(string level, string message, params (string Name, string Value)[] details)
    {
        lock (_notes)
        {
            if (_notes.Count < Limits.NotesPerCall)
            {
                _notes.Add((level, message, details));
            }
        }
    }

    /// <summary>Hands the notes of a call that is over to the progress of its execution.</summary>
    public void HandTo(ExecutionRun run, NodeCall call, DateTimeOffset now)
    {
        lock (_notes)
        {
            if (_notes.Count == 0)
            {
                return;
            }

            var mask = SecretMask.Of(call.Sensitive);
            lock (run.Gate)
            {
                foreach (var (level, message, details) in _notes)
                {
                    if (run.IsReleased || run.Notes >= Limits.NotesPerStay)
                    {
                        break;
                    }

                    run.Notes++;
                    (run.Collect().Logs ??= []).Add(new LogRow(
                        Guid.CreateVersion7(now), run.Key, level, call.Run.NodeId, Text(message),
                            details.Length == 0 ? null : Json(details), now));
                }
            }

            _notes.Clear();

            string Text(string text)
            {
                var masked = StorableText.Of(run.State.Mask.Apply(mask.Apply(text)));
                return masked.Length > Limits.NoteLength ? StorableText.Of(masked[..Limits.NoteLength]) : masked;
            }

            byte[] Json((string Name, string Value)[] details) =>
                JsonSerializer.SerializeToUtf8Bytes(details.ToDictionary(detail => detail.Name,
                    detail => Text(detail.Value)));
        }
    }
}
