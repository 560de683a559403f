using System.Buffers.Binary;
using CsCheck;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Worker.Intake;

namespace Workflows.Worker.Tests.Intake;

/// <summary>The queue beside a model that is one plain list, and under threads.</summary>
public sealed class FairQueueModelTests
{
    private static readonly Guid[] Tenants = [.. Enumerable.Range(1, 4).Select(number => IdOf(number))];

    private static readonly Gen<DispatchEntry> Entries =
        from tenant in Gen.Int[0, 3]
        from priority in Gen.Enum<ExecutionPriority>()
        from ids in Gen.Int[1, int.MaxValue].HashSet[1, 3] // as good as never the same twice
        let keys = ids.Select(id => new ExecutionKey(Tenants[tenant], IdOf(id)))
        select new DispatchEntry(priority, $"{ids.First()}-0", [.. keys]);

    [Fact]
    public void Whatever_is_added_and_taken_in_turn_comes_as_its_model_says() =>
        Gen.Const(() => (new Taken(), new Model())).SampleModelBased(
            [
                Entries.Operation<Taken, Model>(
                    (queue, entry) => queue.Add(entry), (model, entry) => model.Add(entry)),
                Gen.Int[1, 5].Operation<Taken, Model>(
                    (queue, limit) => queue.Take(limit), (model, limit) => model.Take(limit)),
            ],
            equal: (queue, model) => queue.Events.SequenceEqual(model.Events) && queue.Count == model.Count,
            iter: 2_000,
            printActual: queue => string.Join(' ', queue.Events),
            printModel: model => string.Join(' ', model.Events));

    [Fact]
    public void Whatever_is_added_and_taken_at_once_is_what_some_order_would_have_given() =>
        Gen.Const(() => new Taken()).SampleParallel(
            [
                Entries.Operation<Taken>((queue, entry) => queue.Add(entry)),
                Gen.Int[1, 5].Operation<Taken>((queue, limit) => queue.Take(limit)),
            ],
            equal: (one, other) => one.State == other.State,
            iter: 300,
            print: queue => queue.State);

    private static Guid IdOf(int number)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return new Guid(bytes, bigEndian: true);
    }

    private static string Name(ExecutionKey key) => $"{key.TenantId.ToString()[..8]}/{key.Id.ToString()[..8]}";

    private sealed class Taken : IDisposable
    {
        private readonly FairQueue _queue = new();
        private readonly Lazy<string> _state;

        public Taken() => _state = new(() =>
        {
            var taken = string.Join(' ', Events.Order(StringComparer.Ordinal)); // who took what is for no order to say
            var rest = string.Join(' ', _queue.Take(int.MaxValue, []).Select(Name));
            Dispose();
            return $"{taken} | {rest}";
        });

        public List<string> Events { get; } = [];

        public int Count => _queue.Count;

        public string State => _state.Value;

        public void Dispose() => _queue.Dispose();

        public void Add(DispatchEntry entry) => _queue.Add([entry]);

        public void Take(int limit)
        {
            var settled = new List<DispatchEntry>();
            var taken = _queue.Take(limit, settled);
            lock (Events)
            {
                Events.AddRange(taken.Select(Name));
                Events.AddRange(settled.Select(entry => $"settled {entry.EntryId}"));
            }
        }
    }

    private sealed class Model
    {
        private readonly List<(DispatchEntry Entry, ExecutionKey Key)> _waiting = [];
        private readonly List<(ExecutionPriority Priority, Guid Tenant)> _turns = [];
        private int _picks;

        public List<string> Events { get; } = [];

        public int Count => _waiting.Count;

        public void Add(DispatchEntry entry)
        {
            _waiting.AddRange(entry.Keys.Select(key => (entry, key)));
            if (!_turns.Contains((entry.Priority, entry.Keys[0].TenantId)))
            {
                _turns.Add((entry.Priority, entry.Keys[0].TenantId));
            }
        }

        public void Take(int limit)
        {
            var settled = new List<string>();
            for (var taken = 0; taken < limit; taken++)
            {
                var pick = ++_picks % 16; // also when it finds nobody, who then waits for nothing
                if (_waiting.Count == 0)
                {
                    break;
                }

                var favoured = pick switch
                {
                    15 => ExecutionPriority.Low,
                    7 => ExecutionPriority.Normal,
                    _ => ExecutionPriority.High,
                };
                var turn = _turns
                    .OrderByDescending(waiting => waiting.Priority == favoured)
                    .ThenByDescending(waiting => waiting.Priority)
                    .First();
                var mine = _waiting
                    .Where(waiting => (waiting.Entry.Priority, waiting.Key.TenantId) == turn)
                    .OrderBy(waiting => waiting.Key.Id)
                    .ToList();
                _waiting.Remove(mine[0]);
                _turns.Remove(turn);
                if (mine.Count > 1)
                {
                    _turns.Add(turn);
                }

                Events.Add(Name(mine[0].Key));
                if (!_waiting.Exists(waiting => waiting.Entry == mine[0].Entry))
                {
                    settled.Add($"settled {mine[0].Entry.EntryId}");
                }
            }

            Events.AddRange(settled);
        }
    }
}
