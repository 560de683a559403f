using System.Text.Json;

namespace Workflows.Engine.Events;

/// <summary>
/// The events that came so far for one rule and correlation value: per slot the newest ids, which hold their time of acceptance (UUIDv7). What cannot
/// be part of a set within the window any more is dropped; events may be added in any order.
/// </summary>
public sealed class JoinState
{
    private readonly SortedSet<Guid>[] _came;

    private JoinState(int slots) => _came = [.. Enumerable.Range(0, slots).Select(_ => new SortedSet<Guid>())];

    /// <summary>True when nothing is kept.</summary>
    public bool IsEmpty => _came.All(ids => ids.Count == 0);

    /// <summary>The state as it was kept; a slot that the rule does not have is left out.</summary>
    public static JoinState Read(ReadOnlyMemory<byte> utf8Json, Rule rule)
    {
        var state = new JoinState(rule.Slots.Count);
        using var document = JsonText.Parse(utf8Json);
        for (var slot = 0; slot < rule.Slots.Count; slot++)
        {
            if (document.RootElement.TryGetProperty(rule.Slots[slot].As, out var ids))
            {
                state._came[slot].UnionWith(ids.EnumerateArray().Select(id => id.GetGuid()));
            }
        }

        return state;
    }

    public byte[] ToUtf8Json(Rule rule) => JsonSerializer.SerializeToUtf8Bytes(
        Enumerable.Range(0, _came.Length).Where(slot => _came[slot].Count > 0).ToDictionary(slot => rule.Slots[slot].As, slot => _came[slot]));

    /// <summary>When the last of what is kept leaves the window.</summary>
    public DateTimeOffset ExpiresAt(Rule rule) =>
        TimeOf(_came.Where(ids => ids.Count > 0).Max(ids => ids.Max)).AddSeconds(rule.Join!.WithinSeconds);

    /// <summary>Adds an event to the slots it fits.</summary>
    /// <returns>The event of each slot when they are complete, which leaves the state empty; else null.</returns>
    public IReadOnlyList<Guid>? Add(Rule rule, IReadOnlyList<int> slots, Guid eventId)
    {
        foreach (var slot in slots)
        {
            _came[slot].Add(eventId);
            if (_came[slot].Count > Limits.JoinEventsPerSlot)
            {
                _came[slot].Remove(_came[slot].Min);
            }
        }

        var within = TimeSpan.FromSeconds(rule.Join!.WithinSeconds);
        var oldest = TimeOf(_came.Max(ids => ids.Max)) - within;
        foreach (var ids in _came)
        {
            ids.RemoveWhere(id => TimeOf(id) < oldest);
        }

        var complete = rule.Join.Order == JoinOrder.Any ? Assign() : Chain(within);
        if (complete is not null)
        {
            Array.ForEach(_came, ids => ids.Clear());
        }

        return complete;
    }

    // One event for each slot, no event for two: augmenting paths over a handful of slots.
    private Guid[]? Assign()
    {
        var slotOf = new Dictionary<Guid, int>();
        for (var slot = 0; slot < _came.Length; slot++)
        {
            if (!Place(slot, []))
            {
                return null;
            }
        }

        var assigned = new Guid[_came.Length];
        foreach (var (id, slot) in slotOf)
        {
            assigned[slot] = id;
        }

        return assigned;

        bool Place(int slot, HashSet<Guid> tried)
        {
            foreach (var id in _came[slot].Reverse())
            {
                if (tried.Add(id) && (!slotOf.TryGetValue(id, out var other) || Place(other, tried)))
                {
                    slotOf[id] = slot;
                    return true;
                }
            }

            return false;
        }
    }

    // From the last slot backwards, each time the newest event that came before: the shortest span that ends there.
    private Guid[]? Chain(TimeSpan within)
    {
        foreach (var last in _came[^1].Reverse())
        {
            var chain = new Guid[_came.Length];
            chain[^1] = last;
            var slot = _came.Length - 2;
            while (slot >= 0 && _came[slot].Reverse().FirstOrDefault(id => id.CompareTo(chain[slot + 1]) < 0) is var before && before != default)
            {
                chain[slot--] = before;
            }

            if (slot < 0 && TimeOf(last) - TimeOf(chain[0]) <= within)
            {
                return chain;
            }
        }

        return null;
    }

    /// <summary>The instant in a UUIDv7.</summary>
    public static DateTimeOffset TimeOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        long milliseconds = 0;
        for (var index = 0; index < 6; index++)
        {
            milliseconds = (milliseconds << 8) | bytes[index];
        }

        return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }
}
