using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Workflows.Data.Caching;

namespace Workflows.Data.Tests;

/// <summary>The cache beside a model that is too simple to be wrong, and under threads.</summary>
public sealed class TrustedCacheModelTests
{
    private const int Keys = 4;
    private const int TrustMilliseconds = 100;

    private static readonly Gen<int> Key = Gen.Int[0, Keys - 1];

    [Fact]
    public Task Whatever_happens_in_turn_it_answers_as_its_model() =>
        Gen.Const(() => Task.FromResult((new Cached(), new Model()))).SampleModelBasedAsync(
            [
                Key.Operation<Cached, Model>((cached, key) => cached.GetAsync(key), InTurn(model => model.Get)),
                Key.Operation<Cached, Model>(
                    InTurn<Cached>(cached => key => cached.Source[key]++), InTurn(model => key => model.Source[key]++)),
                Key.Operation<Cached, Model>(
                    InTurn<Cached>(cached => key => cached.Source[key] = 0), InTurn(model => key => model.Source[key] = 0)),
                Key.Operation<Cached, Model>(
                    InTurn<Cached>(cached => cached.Cache.Drop), InTurn(model => key => model.Kept.Remove(key))),
                Key.Operation<Cached, Model>(
                    InTurn<Cached>(cached => key => cached.Cache.DropKeys(other => other <= key)),
                    InTurn(model => key => model.Drop((other, _) => other <= key))),
                Key.Operation<Cached, Model>(
                    InTurn<Cached>(cached => version => cached.Cache.DropValues(value => value == $"{version}")),
                    InTurn(model => version => model.Drop((_, kept) => kept == version))),
                Gen.Int[1, TrustMilliseconds].Operation<Cached, Model>(
                    InTurn<Cached>(cached => time => cached.Clock.Advance(TimeSpan.FromMilliseconds(time))),
                    InTurn(model => time => model.Now += time)),
            ],
            equal: (cached, model) => cached.Answers.SequenceEqual(model.Answers),
            iter: 1_000,
            printActual: cached => string.Join(' ', cached.Answers),
            printModel: model => string.Join(' ', model.Answers));

    // Whether a value was kept depends on the order, and one that is being read may be dropped for the sake of another;
    // but no order leaves an old one.
    [Fact]
    public void Whatever_happens_at_once_nothing_older_than_the_last_change_is_kept() =>
        Gen.Const(() => new Cached()).SampleParallel(
            [
                Key.Operation<Cached>((cached, key) => cached.Get(key)),
                Key.Operation<Cached>((cached, key) =>
                {
                    Interlocked.Increment(ref cached.Source[key]);
                    cached.Cache.Drop(key);
                }),
                Key.Operation<Cached>((cached, key) =>
                {
                    Interlocked.Increment(ref cached.Source[key]);
                    cached.Cache.DropKeys(other => other == key);
                }),
                Key.Operation<Cached>((cached, key) =>
                {
                    var old = Interlocked.Increment(ref cached.Source[key]) - 1;
                    cached.Cache.DropValues(value => value == $"{old}");
                }),
            ],
            equal: (one, other) => one.State() == other.State(),
            iter: 150,
            print: cached => cached.State());

    private static Func<Model, int, Task> InTurn(Func<Model, Action<int>> step) => InTurn<Model>(step);

    private static Func<T, int, Task> InTurn<T>(Func<T, Action<int>> step) => (target, value) =>
    {
        step(target)(value);
        return Task.CompletedTask;
    };

    private sealed class Cached
    {
        public Cached() => Cache = new(Clock, 100, TimeSpan.FromMilliseconds(TrustMilliseconds));

        public FakeTimeProvider Clock { get; } = new();

        public TrustedCache<int, string> Cache { get; }

        public int[] Source { get; } = [1, 1, 1, 1];

        public List<string?> Answers { get; } = [];

        public async Task GetAsync(int key)
        {
            var answer = await Cache.GetAsync(
                key, static (key, source) => ReadAsync(source, key), Source, CancellationToken.None);
            lock (Answers)
            {
                Answers.Add(answer);
            }
        }

        // Operations at once run on threads of the library's own, which knows no others.
        public void Get(int key) => GetAsync(key).Wait();

        public string State() => string.Join(' ', Source.Select((version, key) =>
            Cache.TryGet(key, out var kept) && kept != $"{version}" ? $"{version} but {kept} is kept" : $"{version}"));

        // Others get a turn between what it saw and what it answers.
        private static async Task<string?> ReadAsync(int[] source, int key)
        {
            var version = Volatile.Read(ref source[key]);
            await Task.Yield();
            return version == 0 ? null : $"{version}";
        }
    }

    private sealed class Model
    {
        public Dictionary<int, (int Version, int At)> Kept { get; } = [];

        public int[] Source { get; } = [1, 1, 1, 1];

        public int Now { get; set; }

        public List<string?> Answers { get; } = [];

        public void Get(int key)
        {
            if (!Kept.TryGetValue(key, out var kept) || Now - kept.At >= TrustMilliseconds)
            {
                kept = (Source[key], Now);
                Kept[key] = kept;
            }

            Drop((_, version) => version == 0);
            Answers.Add(kept.Version == 0 ? null : $"{kept.Version}");
        }

        public void Drop(Func<int, int, bool> matches)
        {
            foreach (var (key, (version, _)) in Kept.Where(pair => matches(pair.Key, pair.Value.Version)).ToList())
            {
                Kept.Remove(key);
            }
        }
    }
}
