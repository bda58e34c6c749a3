variable "version" {
  description = "The tag of the image"
  type        = string
  default     = "1.0.0"
}

variable "count" {
  description = "How many instances, each on a node of its own"
  type        = number
  default     = 2
}

variable "network" {
  description = "A network of the Docker engines in which every container reaches every other"
  type        = string
  default     = "autopilot"
}

job "nginx" {
  datacenters = ["*"]
  type        = "service"

  # The front has port 80 of its node, so the new one cannot stand beside the old one there: no
  # canaries, one node after the other. Whatever is before the nodes has to pass over the one whose
  # port is closed meanwhile.
  update {
    max_parallel      = 1
    auto_revert       = true
    health_check      = "task_states"
    min_healthy_time  = "15s"
    healthy_deadline  = "2m"
    progress_deadline = "10m"
  }

  migrate {
    max_parallel     = 1
    health_check     = "task_states"
    min_healthy_time = "15s"
    healthy_deadline = "2m"
  }

  group "nginx" {
    count = var.count

    constraint {
      operator = "distinct_hosts"
      value    = "true"
    }

    network {
      port "http" {
        static = 80
        to     = 80
      }
    }

    restart {
      attempts = 5
      interval = "5m"
      delay    = "2s"
      mode     = "delay"
    }

    # No `service` block: the helper registers it.
    task "nginx" {
      driver = "docker"

      # At least what `containerpilot check --for nomad` says of the configuration.
      kill_timeout = "30s"
      kill_signal  = "SIGTERM"

      config {
        image        = "containerpilot/nginx:${var.version}"
        ports        = ["http"]
        network_mode = var.network
        # nginx begins as root, binds port 80 and becomes www-data.
        cap_drop     = ["all"]
        cap_add      = ["chown", "dac_override", "kill", "net_bind_service", "setgid", "setuid"]
        security_opt = ["no-new-privileges"]
        pids_limit   = 200
      }

      env {
        CONSUL = "consul"
      }

      resources {
        cpu    = 200
        memory = 192
      }
    }
  }
}
