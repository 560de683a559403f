using System.Text.Json;
using Workflows.Data;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Calls;

/// <summary>
/// What a runner leaves in the log of its execution: what a person who looks for a fault wants to know and the step
/// does not tell. At most <see cref="Limits.NotesPerCall"/> for each attempt and <see cref="Limits.NotesPerStay"/> for
/// an execution on one worker; what is beyond is left out. The rows become durable with the step, in its checkpoint: a
/// note without its step, or a round trip of its own, is never.
/// </summary>
internal sealed class NodeNotes
{
    private readonly List<Note> _notes = [];

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
                _notes.Add(new Note(level, message, details, null));
            }
        }
    }

    /// <summary>The same with JSON of the author's own.</summary>
    /// <param name="data">UTF-8; null = none.</param>
    public void AddData(string level, string message, byte[]? data)
    {
        lock (_notes)
        {
            if (_notes.Count < Limits.NotesPerCall)
            {
                _notes.Add(new Note(level, message, [], data));
            }
        }
    }

    /// <summary>The rows of what was left, masked; of a call that is over.</summary>
    /// <param name="execution">Whose call it was.</param>
    /// <param name="call">The call.</param>
    /// <param name="now">When it ended.</param>
    public IReadOnlyList<LogRow> RowsOf(OwnedExecution execution, NodeCall call, DateTimeOffset now)
    {
        lock (_notes)
        {
            if (_notes.Count == 0)
            {
                return [];
            }

            var mask = SecretMask.Of(call.Sensitive);
            return _notes.ConvertAll(note => new LogRow(
                Guid.CreateVersion7(now),
                execution.Key,
                note.Level,
                call.Run.NodeId,
                Text(note.Message),
                note.Data is { } data ? execution.Mask.Apply(mask.Apply(data)).ToRowBytes()
                    : note.Details.Length == 0 ? null : Json(note.Details),
                now));

            string Text(string text)
            {
                var masked = StorableText.Of(execution.Mask.Apply(mask.Apply(text)));
                return masked.Length > Limits.NoteLength ? StorableText.Of(masked[..Limits.NoteLength]) : masked;
            }

            byte[] Json((string Name, string Value)[] details) => JsonSerializer.SerializeToUtf8Bytes(
                details.ToDictionary(detail => detail.Name, detail => Text(detail.Value)));
        }
    }

    private sealed record Note(string Level, string Message, (string Name, string Value)[] Details, byte[]? Data);
}
