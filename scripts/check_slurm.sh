#!/bin/bash
# check_slurm.sh [BUILD]: runs the guide's examples in a real Slurm of one node, which it starts on this machine and ends again
# (Debian: slurm-wlm). Prints each check; exits 77 where Slurm is missing, 1 where a check fails.
set -u
cd "$(dirname "$0")/.."
build=${1:-build/release}
case $build in /*) ;; *) build=$PWD/$build ;; esac
program=$build/voxgan
for need in slurmctld slurmd srun sbatch; do
  PATH=$PATH:/usr/sbin command -v $need >/dev/null || { echo "check_slurm.sh: no $need: install slurm-wlm"; exit 77; }
done
PATH=$PATH:/usr/sbin
T=$(mktemp -d)
daemons=
finish() {
  [ -z "$daemons" ] || kill $daemons 2>/dev/null
  wait 2>/dev/null
  rm -rf "$T"
}
trap finish EXIT
failed=0
check() { # WHAT COMMAND...
  local what=$1
  shift
  if "$@" >"$T/out" 2>&1; then echo "ok: $what"; else failed=1; echo "FAILED: $what"; tail -5 "$T/out"; fi
}

read -r ctld_port slurmd_port < <(/usr/bin/python3 -c "
import socket
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(('127.0.0.1', 0))
print(*(x.getsockname()[1] for x in s))")
host=$(hostname -s)
mkdir "$T/state" "$T/spool" "$T/run"
cat >"$T/slurm.conf" <<END
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ctld_port
SlurmdPort=$slurmd_port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/none
CredType=cred/none
StateSaveLocation=$T/state
SlurmdSpoolDir=$T/spool
SlurmctldPidFile=$T/slurmctld.pid
SlurmdPidFile=$T/slurmd.pid
SlurmctldLogFile=$T/slurmctld.log
SlurmdLogFile=$T/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
MpiDefault=none
ReturnToService=2
MailProg=/bin/true
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE OverSubscribe=FORCE:8 State=UP
END
export SLURM_CONF=$T/slurm.conf
slurmctld -D >/dev/null 2>&1 & daemons="$daemons $!"
slurmd -D >/dev/null 2>&1 & daemons="$daemons $!"
for _ in $(seq 100); do sinfo -h -o %t 2>/dev/null | grep -q idle && break; sleep 0.3; done
sinfo -h -o %t | grep -q idle || { echo "check_slurm.sh: the node does not come up"; tail -3 "$T"/slurm*.log; exit 1; }

cd "$T/run"
"$program" phantom --out p --subjects 3 --size 16 --seed 1 --anatomy 2>/dev/null
settings="--data p --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set train.validate_every=0"
short="$settings --set train.epochs=2"
weights() { # without the metadata
  /usr/bin/python3 -c "
import hashlib, struct
b = open('$1/model-last.safetensors', 'rb').read()
print(hashlib.sha256(b[8 + struct.unpack('<Q', b[:8])[0]:]).hexdigest())"
}
check "train in two processes" "$program" train $short --out two --processes 2
check "srun -n 2" srun -n 2 --overcommit "$program" train $short --out srun
check "srun -n 2: the same weights" [ "$(weights two)" = "$(weights srun)" ]
check "srun --mpi=pmi2" srun --mpi=pmi2 -n 2 --overcommit "$program" train $short --out pmi2
check "srun --mpi=pmi2: the same weights" [ "$(weights two)" = "$(weights pmi2)" ]
check "train in four processes" "$program" train $short --out four --processes 4
check "srun -n 4" srun -n 4 --overcommit "$program" train $short --out srun4
check "srun -n 4: the same weights" [ "$(weights four)" = "$(weights srun4)" ]

# A job that uses mpirun, in place of srun or through it, has the variables of both.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
for mpirun in "mpirun.openmpi --oversubscribe --bind-to none" mpirun.mpich; do
  name=${mpirun%% *}
  command -v "$name" >/dev/null || { echo "no $name: skipped"; continue; }
  printf '#!/bin/bash\n%s -n 2 "%s" train %s --out %s\n' "$mpirun" "$program" "$short" "$name" >"$name.sh"
  check "$name in a job" sbatch --wait -n 2 --overcommit -o "$name.log" "$name.sh"
  [ -e "$name/model.safetensors" ] || tail -3 "$name.log"
  check "$name in a job: the same weights" [ "$(weights two)" = "$(weights "$name")" ]
done

# A batch script without srun is one process, whatever tasks the job has.
printf '#!/bin/bash\n"%s" train %s --out alone\n' "$program" "$short" >alone.sh
check "a script without srun" sbatch --wait -n 2 --overcommit -o alone.log alone.sh
check "a script without srun: one process" bash -c '! grep -q processes alone/sessions.jsonl'

# An array of shards, and the end of the study.
check "an array of shards" sbatch --wait --array=1-3 -o shard.log --wrap "'$program' synth two --labels p --layout brats2021 --out study --shard slurm"
check "the study is whole" "$program" synth --finish study

# A warning saves, exits with 130, and the job queues itself again.
cat >long.sh <<END
#!/bin/bash
#SBATCH --requeue --open-mode=append
if [ -e stop ]; then touch again; exit 0; fi
touch stop
srun -n 2 --overcommit "$program" train $settings --set train.epochs=100000 --out long --resume
code=\$?
echo "code \$code"
[ \$code = 130 ] && scontrol requeue "\$SLURM_JOB_ID"
exit \$code
END
job=$(sbatch --parsable -n 2 --overcommit -o long.log long.sh)
for _ in $(seq 300); do grep -qs '^epoch' long.log && break; sleep 0.2; done
scancel --signal=USR1 "$job"
for _ in $(seq 300); do [ -e again ] && break; sleep 0.5; done
check "a warning: all is saved" grep -q 'all is saved' long.log
check "a warning: exit code 130" grep -q 'code 130' long.log
check "a warning: the job ran again" [ -e again ]
exit $failed
