using Microsoft.Extensions.Time.Testing;
using Workflows.Data.Isolation;

namespace Workflows.Data.Tests;

public sealed class RepeatedFailuresTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly RepeatedFailures _failures;

    public RepeatedFailuresTests() => _failures = new RepeatedFailures(_clock);

    [Fact]
    public void The_first_failure_is_written_whole_and_its_repetitions_once_a_minute_as_a_count()
    {
        Assert.Equal(new FailureNote(true, 1), _failures.Note(new InvalidOperationException("a")));
        for (var count = 0; count < 119; count++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(500));
            Assert.Equal(default, _failures.Note(new InvalidOperationException($"b{count}")));
        }

        _clock.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(new FailureNote(false, 120), _failures.Note(new InvalidOperationException("c")));
        Assert.Equal(default, _failures.Note(new InvalidOperationException("d")));
    }

    [Fact]
    public void Another_kind_of_failure_is_new_also_when_two_take_turns()
    {
        Assert.True(_failures.Note(new InvalidOperationException("a")).IsFirst);
        Assert.True(_failures.Note(new InvalidOperationException("a", new TimeoutException())).IsFirst);
        Assert.True(_failures.Note(new TimeoutException()).IsFirst);
        Assert.True(_failures.Note(new TimeoutException(), "another thing").IsFirst);
        Assert.Equal(default, _failures.Note(new InvalidOperationException("a")));
        Assert.Equal(default, _failures.Note(new TimeoutException()));
    }

    [Fact]
    public void After_a_success_the_same_failure_is_new_again()
    {
        Assert.Equal(0, _failures.Succeeded());
        _failures.Note(new TimeoutException());
        _failures.Note(new TimeoutException());

        Assert.Equal(2, _failures.Succeeded());
        Assert.Equal(0, _failures.Succeeded());
        Assert.True(_failures.Note(new TimeoutException()).IsFirst);
    }

    [Fact]
    public void Kinds_without_end_take_no_memory_without_end()
    {
        var written = Enumerable.Range(0, 10_000).Count(kind => _failures.Note($"kind {kind}").Count > 0);

        Assert.Equal(Limits.FailureKinds + 1, written);
    }
}
