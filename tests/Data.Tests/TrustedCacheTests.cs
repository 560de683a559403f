using Microsoft.Extensions.Time.Testing;
using Workflows.Data.Caching;
using Workflows.Data.Database;

namespace Workflows.Data.Tests;

/// <summary>What the cache promises, one promise at a time.</summary>
public sealed class TrustedCacheTests
{
    private const int Capacity = 100;

    private static readonly TimeSpan Trust = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _clock = new();
    private readonly TrustedCache<int, string> _cache;
    private readonly TaskCompletionSource<string?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _reads;

    public TrustedCacheTests() => _cache = new(_clock, Capacity, Trust);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_asks_while_a_key_is_read_shares_the_read()
    {
        var callers = Enumerable.Range(0, 50).Select(_ => Task.Run(() => GetSlowlyAsync(1, Token), Token)).ToList();
        _answer.SetResult("a");

        Assert.All(await Task.WhenAll(callers), value => Assert.Equal("a", value));
        Assert.Equal("a", await GetSlowlyAsync(1, Token));
        Assert.Equal(1, _reads);
    }

    // What one read who sees only what was granted would be given to those who see more.
    [Fact]
    public async Task What_is_read_is_read_for_everybody_whoever_asks_first()
    {
        var person = Guid.CreateVersion7();
        ObjectScope.Enter(person);

        var read = await _cache.GetAsync(1, (_, _) => Task.FromResult<string?>($"{ObjectScope.Person}"), 0, Token);

        Assert.Equal("", read);
        Assert.Equal(person, ObjectScope.Person);
    }

    [Fact]
    public async Task A_caller_who_leaves_takes_neither_the_others_nor_the_read_along()
    {
        using var leaving = new CancellationTokenSource();
        var first = GetSlowlyAsync(1, leaving.Token);
        var second = GetSlowlyAsync(1, Token);

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(second.IsCompleted);
        _answer.SetResult("a");
        Assert.Equal("a", await second);
        Assert.Equal("a", await GetSlowlyAsync(1, Token));
        Assert.Equal(1, _reads);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_failed_or_was_not_found_is_not_kept_even_when_nobody_waits_any_more(bool fails)
    {
        using var leaving = new CancellationTokenSource();
        var first = GetSlowlyAsync(1, leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(1, _cache.Count);

        if (fails)
        {
            _answer.SetException(new InvalidOperationException("broken"));
        }
        else
        {
            _answer.SetResult(null);
        }

        Assert.True(SpinWait.SpinUntil(() => _cache.Count == 0, TimeSpan.FromSeconds(30)));
        Assert.Equal("b", await GetAsync(1, "b"));
    }

    [Fact]
    public async Task A_failure_reaches_all_who_wait_for_it_and_the_next_one_reads_anew()
    {
        var callers = Enumerable.Range(0, 5).Select(_ => GetSlowlyAsync(1, Token)).ToList();
        _answer.SetException(new InvalidOperationException("broken"));

        foreach (var caller in callers)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => caller);
        }

        Assert.Equal("b", await GetAsync(1, "b"));
        Assert.Equal(2, _reads);
    }

    [Theory]
    [InlineData("key")]
    [InlineData("keys")]
    [InlineData("values")]
    public async Task What_was_being_read_when_a_change_was_told_is_not_kept(string told)
    {
        var before = GetSlowlyAsync(1, Token);
        Tell(told);
        var after = GetAsync(1, "new");
        _answer.SetResult("old");

        Assert.Equal("old", await before); // asked before the change
        Assert.Equal("new", await after);
        Assert.Equal("new", await GetAsync(1, "never read"));
    }

    [Fact]
    public async Task Only_what_matches_is_dropped()
    {
        await GetAsync(1, "odd");
        await GetAsync(2, "even");
        await GetAsync(3, "odd");

        _cache.DropKeys(key => key == 3);
        Assert.Equal([1, 2], Enumerable.Range(1, 3).Where(key => _cache.TryGet(key, out _)));
        _cache.DropValues(value => value == "odd");
        Assert.Equal([2], Enumerable.Range(1, 3).Where(key => _cache.TryGet(key, out _)));
    }

    [Fact]
    public async Task A_value_is_dropped_as_no_good_only_while_it_is_the_one_that_is_kept()
    {
        var (bad, better) = (new string("v"), new string("v"));
        await GetAsync(1, better);

        _cache.Drop(1, bad);
        Assert.True(_cache.TryGet(1, out _));
        _cache.Drop(1, better);
        Assert.False(_cache.TryGet(1, out _));
    }

    [Fact]
    public async Task A_value_is_trusted_until_its_time_is_up_and_no_longer()
    {
        Assert.Equal("a", await GetAsync(1, "a"));
        _clock.Advance(Trust - TimeSpan.FromTicks(1));
        Assert.Equal("a", await GetAsync(1, "b"));

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.False(_cache.TryGet(1, out _));
        Assert.Equal("b", await GetAsync(1, "b"));
    }

    [Fact]
    public async Task The_time_counts_from_before_the_read_and_nobody_joins_a_read_that_old()
    {
        var slow = GetSlowlyAsync(1, Token);
        _clock.Advance(Trust);
        Assert.Equal("new", await GetAsync(1, "new"));

        _answer.SetResult("old");

        Assert.Equal("old", await slow);
        Assert.Equal("new", await GetAsync(1, "newer"));
    }

    [Fact]
    public async Task A_value_may_say_itself_how_long_it_is_trusted()
    {
        var cache = new TrustedCache<int, string>(_clock, Capacity, value => TimeSpan.FromSeconds(value.Length - 1));
        foreach (var (key, value) in new[] { (1, "a"), (3, "abc"), (9, "abcdefghi") })
        {
            await cache.GetAsync(key, static (_, value) => Task.FromResult<string?>(value), value, Token);
        }

        Assert.False(cache.TryGet(1, out _)); // good for who waited for it
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((false, true), (cache.TryGet(3, out _), cache.TryGet(9, out _)));
    }

    [Fact]
    public async Task What_never_changes_never_ages()
    {
        var cache = new TrustedCache<int, string>(_clock, Capacity, TimeSpan.MaxValue);
        await cache.GetAsync(1, static (_, _) => Task.FromResult<string?>("a"), 0, Token);
        _clock.Advance(TimeSpan.FromDays(10_000));

        Assert.True(cache.TryGet(1, out _));
    }

    [Fact]
    public async Task The_bound_is_kept_and_what_is_used_stays()
    {
        for (var key = 1; key <= 50 * Capacity; key++)
        {
            await GetAsync(0, "used");
            await GetAsync(key, "seen once");
            Assert.InRange(_cache.Count, 1, Capacity + 1);
        }

        Assert.Equal((50 * Capacity) + 1, _reads); // the used one only once
    }

    [Fact]
    public async Task Several_keys_are_read_at_once_but_for_those_that_are_known_or_being_read()
    {
        await GetAsync(1, "1");
        var slow = GetSlowlyAsync(2, Token);
        IReadOnlyList<int>? asked = null;
        var all = GetAllAsync([1, 2, 3, 4, 3], keys => asked = keys);
        _answer.SetResult("2 by another");

        var values = await all;

        Assert.Equal("2 by another", await slow);
        Assert.Equal([2, 3, 4], asked); // 2 as well, should its reader fail
        Assert.Equal(
            [(1, "1"), (2, "2 by another"), (3, "read 3")],
            values.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value)));
        Assert.Equal("read 3", await GetAsync(3, "never read"));
        Assert.False(_cache.TryGet(4, out _)); // there is none
    }

    [Fact]
    public async Task A_change_told_while_several_keys_are_read_drops_them_all()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = GetAllAsync([1, 3], async _ => await gate.Task);
        _cache.DropKeys(key => true);
        gate.SetResult();

        Assert.Equal(2, (await all).Count);
        Assert.Equal(0, _cache.Count);
    }

    [Fact]
    public async Task One_of_several_keys_that_fails_does_not_fail_who_shares_the_read_for_another()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var both = GetAllAsync([1, 13], async _ => await gate.Task);
        var shared = GetAsync(1, "never read");
        gate.SetResult();

        await Assert.ThrowsAsync<InvalidOperationException>(() => both);
        Assert.Equal("read 1", await shared);
    }

    private void Tell(string told)
    {
        switch (told)
        {
            case "key":
                _cache.Drop(1);
                break;
            case "keys":
                _cache.DropKeys(key => key == 1);
                break;
            default:
                _cache.DropValues(_ => false); // of what is being read nobody can know whether it matches
                break;
        }
    }

    private Task<string?> GetSlowlyAsync(int key, CancellationToken cancellationToken) =>
        _cache.GetAsync(key, static (_, self) => self.ReadAsync(self._answer.Task), this, cancellationToken).AsTask();

    private Task<string?> GetAsync(int key, string value) =>
        _cache.GetAsync(
            key,
            static (_, call) => call.Self.ReadAsync(Task.FromResult<string?>(call.Value)),
            (Self: this, Value: value),
            Token).AsTask();

    private Task<string?> ReadAsync(Task<string?> answer)
    {
        Interlocked.Increment(ref _reads);
        return answer;
    }

    private Task<IReadOnlyDictionary<int, string>> GetAllAsync(int[] keys, Action<IReadOnlyList<int>> asked) =>
        GetAllAsync(keys, asked: keys =>
        {
            asked(keys);
            return Task.CompletedTask;
        });

    // Even keys have no value, and 13 brings bad luck.
    private Task<IReadOnlyDictionary<int, string>> GetAllAsync(int[] keys, Func<IReadOnlyList<int>, Task> asked) =>
        _cache.GetAllAsync(
            keys,
            async keys =>
            {
                await asked(keys);
                return keys.Where(key => key % 2 == 1).ToDictionary(key => key, OutcomeOf);
            },
            Token).AsTask();

    private static Task<string> OutcomeOf(int key) =>
        key == 13 ? Task.FromException<string>(new InvalidOperationException("bad luck")) : Task.FromResult($"read {key}");
}
