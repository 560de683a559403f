namespace Workflows.Data.Executions;

/// <summary>More of a tenant's expressions wait to be evaluated in this process than may wait.</summary>
public sealed class EvaluationBusyException() : Exception("Too many expressions of the tenant wait to be evaluated.");

/// <summary>
/// Turns at evaluating expressions of tenants where others wait for the same processors: in the path of a request.
/// Guarantees: one tenant has at most half of the processors, all together leave one free, and who waits of one tenant
/// stands behind no more than that tenant's own and one evaluation of each other.
/// </summary>
public sealed class EvaluationTurns
{
    private readonly Dictionary<Guid, Line> _lines = [];
    private readonly Lock _lock = new();
    private readonly int _perTenant;

    /// <param name="processors">Processors to share out.</param>
    public EvaluationTurns(int processors)
    {
        _perTenant = Math.Max(1, processors / 2);
        Places = new SemaphoreSlim(Math.Max(1, processors - 1));
    }

    /// <summary>Those of this process.</summary>
    public static EvaluationTurns OfProcess { get; } = new(Environment.ProcessorCount);

    private SemaphoreSlim Places { get; }

    /// <summary>Waits for a turn, which ends when it is disposed; hold it for one short evaluation, never over a wait
    /// for something else.</summary>
    /// <exception cref="EvaluationBusyException"><see cref="Limits.WaitingEvaluations"/> of the tenant wait
    /// already.</exception>
    public async ValueTask<Turn> EnterAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var line = Join(tenantId);
        var isFirst = false;
        try
        {
            await line.Gate.WaitAsync(cancellationToken);
            isFirst = true;
            await Places.WaitAsync(cancellationToken);
            return new Turn(this, tenantId, line);
        }
        catch (OperationCanceledException)
        {
            if (isFirst)
            {
                line.Gate.Release();
            }

            Leave(tenantId, line);
            throw;
        }
    }

    private Line Join(Guid tenantId)
    {
        lock (_lock)
        {
            if (!_lines.TryGetValue(tenantId, out var line))
            {
                _lines.Add(tenantId, line = new Line(new SemaphoreSlim(_perTenant)));
            }

            if (line.Count >= Limits.WaitingEvaluations)
            {
                throw new EvaluationBusyException();
            }

            line.Count++;
            return line;
        }
    }

    private void Leave(Guid tenantId, Line line)
    {
        lock (_lock)
        {
            if (--line.Count == 0)
            {
                _lines.Remove(tenantId);
            }
        }
    }

    private void End(Guid tenantId, Line line)
    {
        Places.Release();
        line.Gate.Release();
        Leave(tenantId, line);
    }

    /// <summary>A turn that was given; disposed once.</summary>
    public readonly struct Turn : IDisposable
    {
        private readonly EvaluationTurns _turns;
        private readonly Guid _tenantId;
        private readonly Line _line;

        internal Turn(EvaluationTurns turns, Guid tenantId, Line line) =>
            (_turns, _tenantId, _line) = (turns, tenantId, line);

        public void Dispose() => _turns.End(_tenantId, _line);
    }

    internal sealed class Line(SemaphoreSlim gate)
    {
        public SemaphoreSlim Gate => gate;

        public int Count { get; set; }
    }
}
