using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using Workflows.Api.Http.Security;
using Workflows.Data.Identity;
using Workflows.Testing;

namespace Workflows.Api.Tests.Http;

/// <summary>The limit of one process that cannot ask Redis: what it never exceeds, and never withholds.</summary>
public sealed class RateLimiterTests : IAsyncLifetime
{
    private ConnectionMultiplexer _away = null!;

    public async ValueTask InitializeAsync()
    {
        var nobody = new ConfigurationOptions
        {
            EndPoints = { { "127.0.0.1", FreePort.Next() } },
            AbortOnConnectFail = false,
            ConnectTimeout = 100,
        };
        _away = await ConnectionMultiplexer.ConnectAsync(nobody);
    }

    public ValueTask DisposeAsync() => _away.DisposeAsync();

    [Fact]
    public Task No_more_pass_than_the_bucket_holds_and_gains_whenever_they_come()
    {
        var calls = Gen.Select(Gen.Int[0, 3_000], Gen.Int[1, 300]);
        return Gen.Select(Gen.Int[1, 200], Gen.Double[0.5, 100], calls.List[1, 20]).SampleAsync(
            async (burst, rate, pauses) =>
            {
                var limited = new Limited(_away, burst, rate);
                foreach (var (pause, requests) in pauses)
                {
                    limited.Clock.Advance(TimeSpan.FromMilliseconds(pause));
                    await limited.TakeAsync(requests);
                    Assert.InRange(limited.Passed, 1, burst + (rate * limited.Elapsed.TotalSeconds) + 0.001);
                }
            },
            iter: 300);
    }

    [Fact]
    public Task Who_is_refused_and_comes_back_when_told_passes() =>
        Gen.Select(Gen.Int[1, 200], Gen.Double[0.5, 100], Gen.Int[1, 500]).SampleAsync(
            async (burst, rate, requests) =>
            {
                var limited = new Limited(_away, burst, rate);
                await limited.TakeAsync(requests);
                Assert.Equal(Math.Min(burst, requests), limited.Passed);
                if (limited.RetryAfter is { } pause)
                {
                    limited.Clock.Advance(pause + TimeSpan.FromMilliseconds(1));
                    await limited.TakeAsync(1);
                    Assert.Equal(burst + 1, limited.Passed);
                }
            },
            iter: 300);

    [Fact]
    public void Of_those_who_come_at_once_as_many_pass_as_in_turn() =>
        Gen.Int[1, 60].Select(burst => new Limited(_away, burst, 1)).SampleParallel(
            [Gen.Int[1, 20].Operation<Limited>((limited, requests) => limited.Take(requests))],
            equal: (one, other) => one.Passed == other.Passed,
            iter: 100,
            print: limited => $"{limited.Passed} passed");

    private sealed class Limited
    {
        private readonly Caller _caller =
            new(Guid.CreateVersion7(), Guid.CreateVersion7(), "somebody", Permission.None, SessionId: null);

        private readonly RateLimiter _limiter;
        private readonly DateTimeOffset _begun;
        private int _passed;

        public Limited(IConnectionMultiplexer redis, int burst, double rate)
        {
            _begun = Clock.GetUtcNow();
            var options = new RateLimitOptions { Burst = burst, PermitsPerSecond = rate };
            _limiter = new(new RateLimitStore(redis, Clock, NullLogger<RateLimitStore>.Instance), options, Clock);
        }

        public FakeTimeProvider Clock { get; } = new();

        public TimeSpan Elapsed => Clock.GetUtcNow() - _begun;

        public double Passed => _passed;

        /// <summary>When the last one refused may come back.</summary>
        public TimeSpan? RetryAfter { get; private set; }

        // Operations at once run on threads of the library's own, which knows no others.
        public void Take(int requests) => TakeAsync(requests).Wait();

        public async Task TakeAsync(int requests)
        {
            for (var request = 0; request < requests; request++)
            {
                var decision = await _limiter.TakeAsync(_caller);
                if (decision.Allowed)
                {
                    Interlocked.Increment(ref _passed);
                }
                else
                {
                    RetryAfter = decision.RetryAfter;
                }
            }
        }
    }
}
