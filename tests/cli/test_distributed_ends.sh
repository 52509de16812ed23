# needs torch
# Processes that train together: every way to start them, and every way in which one ends. The others end soon, say why, and leave a
# run that goes on.
. tests/cli/distributed.sh

# Other ways to start.
python=/usr/bin/python3 # of the same PyTorch as libtorch
case $TORCH in */lib/python*/site-packages/torch) python=${TORCH%/lib/python*}/bin/python3 ;; esac
if "$python" -c 'import torch.distributed.run' 2>/dev/null; then
  expect_ok '2 processes' "$python" tests/oracle/torchrun.py --no_python --nproc_per_node 2 --master_port $((20000 + $$ % 10000)) "$VOXGAN" train $base --out "$T/torchrun"
  expect "torchrun: the same weights" [ "$(weights "$T/w")" = "$(weights "$T/torchrun")" ]
fi
# mpirun of Open MPI and of MPICH, where they are; four processes share what two compute, to the last digits.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun_is_here=
for starter in "mpirun.openmpi --oversubscribe --bind-to none" mpirun.mpich; do
  command -v ${starter%% *} >/dev/null || continue
  mpirun_is_here=1
  for n in 2 4; do
    [ $n = 2 ] || [ -e "$T/four" ] || "$VOXGAN" train $base --out "$T/four" --processes 4 >"$T/log" 2>&1 || cat "$T/log"
    expect_ok "$n processes, each with a batch" $starter -n $n "$VOXGAN" train $base --out "$T/${starter%% *}-$n"
    [ $n = 2 ] && expect "$starter: the same weights" [ "$(weights "$T/w")" = "$(weights "$T/${starter%% *}-2")" ]
    [ $n = 4 ] && expect "$starter: the same weights of four" [ "$(weights "$T/four")" = "$(weights "$T/${starter%% *}-4")" ]
  done
done
[ -n "$mpirun_is_here" ] || echo "no mpirun.openmpi or mpirun.mpich here: skipped"
for starter in slurm mpi torch; do
  for rank in 1 0; do
    case $starter in
    slurm) set -- SLURM_PROCID=$rank SLURM_NTASKS=2 SLURM_LOCALID=$rank SLURM_JOB_ID=$$ SLURM_STEP_ID=1 "SLURM_JOB_NODELIST=localhost,other[1-2]" ;;
    mpi) set -- OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=$rank OMPI_COMM_WORLD_LOCAL_SIZE=2 ;;
    torch) set -- RANK=$rank WORLD_SIZE=2 LOCAL_RANK=$rank MASTER_ADDR=localhost MASTER_PORT=$((10000 + $$ % 2000)) ;;
    esac
    env "$@" "$VOXGAN" train $base --out "$T/$starter" >"$T/log.$rank" 2>&1 &
    pids[rank]=$!
  done
  wait ${pids[0]} && wait ${pids[1]} || cat "$T"/log.?
  expect "$starter: the same weights" [ "$(weights "$T/w")" = "$(weights "$T/$starter")" ]
done

# Variables that are missing or contradict each other, before anything is loaded.
expect_fail 2 'MASTER_PORT is not' env RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=h "$VOXGAN" train $base --out "$T/x"
expect_fail 2 'RANK is 2, but WORLD_SIZE is 2' env RANK=2 WORLD_SIZE=2 "$VOXGAN" train $base --out "$T/x"
expect_fail 2 'processes is 2, but the environment' env RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=h MASTER_PORT=1 "$VOXGAN" train $base --out "$T/x" --processes 2
expect_fail 2 'processes is -1' "$VOXGAN" train $base --out "$T/x" --processes -1
expect "and nothing is written" [ ! -e "$T/x" ]

# The end of one. long runs until it is stopped; `ends SIGNAL RANK`, -1 for the one that started them.
long="$base --set train.epochs=100000 --set train.samples=40"
ends() {
  local signal=$1 rank=$2 pid
  shift 2
  rm -f "$T/log"
  "$VOXGAN" train $long --out "$T/long" --processes 2 --resume "$@" >"$T/log" 2>&1 &
  pid=$!
  for _ in $(seq 600); do grep -qs '^epoch' "$T/log" && break; sleep 0.1; done
  if [ $rank = -1 ]; then kill -$signal $pid; else kill -$signal $(pgrep -P $pid | sed -n $((rank + 1))p); fi
  began=$SECONDS
  wait $pid
  code=$?
  took=$((SECONDS - began))
}
whole() { # nothing is torn, and nobody is left
  [ -z "$(find "$T/long" -name '*.tmp*')" ] && ! pgrep -f "$T/long" >/dev/null
}
ends KILL 1
expect "a killed rank: exit 4" [ $code = 4 ]
expect "a killed rank: within 15 s" [ $took -le 15 ]
expect "a killed rank: its name, host and end" grep -qE '^voxgan train: rank 1 \([^)]+\): it was killed' "$T/log"
expect "a killed rank: the signal" grep -q 'rank 1 of 2 was killed by signal 9' "$T/log"
expect "a killed rank: whole" whole
ends TERM 1
expect "a rank that is asked to stop: exit 130" [ $code = 130 ]
expect "all is saved once" [ "$(grep -c 'all is saved' "$T/log")" = 1 ]
expect "one checkpoint" [ "$(find "$T/long/checkpoints" -name 'step-*' | wc -l)" = 1 ]
ends KILL 0
expect "rank 0 is killed: exit 4" [ $code = 4 ]
expect "rank 0 is killed: the other says so" grep -qE '^voxgan train: rank 0 \(' "$T/log"
expect "it had gone on from the checkpoint" grep -q 'resuming after' "$T/log"
ends STOP 1 --set run.timeout=10
expect "a rank that hangs: exit 4" [ $code = 4 ]
expect "a rank that hangs: no sign of life" grep -qE '^voxgan train: rank 1 \([^)]+\): no sign of life for 1[0-9] s' "$T/log"
expect "a rank that hangs: whole" whole
if gloo_is_here; then
  ends KILL 1 --set run.shared_memory=false
  expect "a killed rank, over Gloo: exit 4" [ $code = 4 ]
  expect "a killed rank, over Gloo: within 15 s" [ $took -le 15 ]
  expect "a killed rank, over Gloo: its name, host and end" grep -qE '^voxgan train: rank 1 \([^)]+\): it was killed' "$T/log"
fi
ends USR1 -1
expect "a signal is passed on: exit 130" [ $code = 130 ]

# A fault of one is that of all.
cp -r "$T/w" "$T/taken"
"$VOXGAN" train $base --out "$T/taken" --processes 2 >"$T/log" 2>&1
expect "a folder that holds a run: exit 2" [ $? = 2 ]
expect "both name rank 0" [ "$(grep -c '^voxgan train: rank 0 (.*): .*holds a run already' "$T/log")" = 2 ]

# Meeting: a port that another program has, a host that is not there, a rank that does not come.
alone() { env WORLD_SIZE=2 LOCAL_RANK=$1 RANK=$1 MASTER_ADDR=$2 MASTER_PORT=$3 "$VOXGAN" train $base --out "$T/x" --set run.timeout=5; }
exec 8< <(exec /usr/bin/python3 -c "
import socket, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(64); print(s.getsockname()[1], flush=True); time.sleep(100)")
server=$!
read -r port <&8
expect_fail 4 'rank 0 of 2 \(.*cannot open port [0-9]+ here: it is in use' alone 0 127.0.0.1 $port
expect_fail 4 "rank 1 of 2 .*$port .*is not the store of these processes" alone 1 127.0.0.1 $port
export TORCHELASTIC_USE_AGENT_STORE=True
expect_fail 4 "is not the store of these processes; torchrun must belong to the same PyTorch .*TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1" alone 1 127.0.0.1 $port
unset TORCHELASTIC_USE_AGENT_STORE
kill $server
expect_fail 4 'rank 1 of 2 .*no-such-host.invalid \(MASTER_ADDR\)' alone 1 no-such-host.invalid 9
# A host from which nothing comes back: packets go into a wire without an end.
silent() {
  unshare --net bash -c 'ip link add v0 type veth peer name v1 && ip addr add 10.9.9.1/24 dev v0 && ip link set v0 up && ip link set v1 up &&
    ip neigh add 10.9.9.2 lladdr 02:00:00:00:00:99 dev v0 || exit 99; "$@"' silent "$@"
}
if silent true 2>/dev/null; then
  began=$SECONDS
  expect_fail 4 'host 10.9.9.2:9 .*cannot be reached: no answer within 10 s' silent env WORLD_SIZE=2 LOCAL_RANK=1 RANK=1 MASTER_ADDR=10.9.9.2 MASTER_PORT=9 "$VOXGAN" train $base --out "$T/x"
  expect "a host that is silent: asked once" [ $((SECONDS - began)) -le 22 ]
else
  echo "no network namespaces here: skipped"
fi
expect_fail 4 "rank 1 of 2 .*cannot reach rank 0 at 127.0.0.1:$port" alone 1 127.0.0.1 $port
expect_fail 4 'rank 0 of 2 .*rank 1 of 2 did not come to 127.0.0.1' alone 0 127.0.0.1 $port
finish
