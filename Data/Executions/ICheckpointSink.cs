namespace Workflows.Data.Executions;

/// <summary>Where checkpoints become durable.</summary>
public interface ICheckpointSink
{
    /// <summary>Writes all of it or nothing; completes after the commit.</summary>
    /// <param name="workerId">Who owns what it is about.</param>
    /// <param name="checkpoint">What becomes durable.</param>
    /// <param name="cancellationToken">Gives it up; it may have been committed all the same.</param>
    /// <param name="again">An earlier sending may have come through: what it wrote is left as it is.</param>
    /// <exception cref="Npgsql.NpgsqlException">
    /// See <see cref="PostgresErrors"/> for what fenced the worker, what the data is to blame for and what may pass.
    /// </exception>
    Task<CheckpointResult> WriteAsync(
        Guid workerId, Checkpoint checkpoint, CancellationToken cancellationToken, bool again = false);
}
